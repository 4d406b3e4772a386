"""The type of the function that gives the pages their studio.

Length: one type, which the listener needs before anything heavy is imported.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stability_mcp.studio import Studio

GetStudio = Callable[[], Awaitable["Studio"]]
"""Returns the open studio; opens it again if a bug closed it."""
