"""Operations that make a 3D model.

Length: the rows share only their family.
"""

FAMILY = "3D model"
"""Ranks (*Documented*): Point Aware 3D reconstructs the back side, which Fast 3D guesses."""
