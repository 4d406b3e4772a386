"""Removes the folders of this machine from lines that were written for a user of this machine.

Length: one rule, for lines about files here: a workflow's, the user's, or those of the store.
"""

import re
from pathlib import Path

from stability_mcp.settings import Settings

_QUOTED = re.compile(r'"(?:/|~/|[A-Za-z]:[\\/])[^"]*[\\/]([^"\\/]+)[\\/]?"')
"""A quoted absolute path, such as one of a folder that a client of another face has open."""


def without_folders(text: str, settings: Settings) -> str:
    """Return a line in which files are named by their place within the server's folders.

    Args:
        text: The line.
        settings: The settings, which have the folders.
    """
    folders = {settings.home_dir, settings.base_dir, settings.copies_dir, Path.home()}
    folders.update(settings.roots)
    for each in sorted((str(each) for each in folders if each), key=len, reverse=True):
        text = text.replace(f"{each}/", "").replace(each, Path(each).name)
    return _QUOTED.sub(r'"\1"', text)
