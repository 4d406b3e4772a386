"""Operations that enlarge a picture.

Length: the rows share only their family.
"""

FAMILY = "larger picture"
"""Ranks (*Chosen*): by the detail in the result, which the creative one invents."""
