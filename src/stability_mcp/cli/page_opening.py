"""Opens the local pages for the server, which doesn't know them.

Length: one function that both ways to start a server pass on.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stability_mcp.pages.listener import PageListener
    from stability_mcp.pages.studio_source import GetStudio


def open_pages(get_studio: "GetStudio") -> "PageListener":
    """Listen on a free loopback port.

    Raises:
        OSError: there is none.
    """
    from stability_mcp.pages.listener import PageListener

    return PageListener(get_studio)
