"""Removes the folders of this machine from lines that were written for a user of this machine.

Length: one rule, for lines about files that a workflow or the user wrote here.
"""

from pathlib import Path

from stability_mcp.settings import Settings


def without_folders(text: str, settings: Settings) -> str:
    """Return a line in which files are named by their place within the server's folders.

    Args:
        text: The line.
        settings: The settings, which have the folders.
    """
    folders = {settings.home_dir, settings.base_dir, settings.copies_dir, Path.home()}
    for each in sorted((str(each) for each in folders if each), key=len, reverse=True):
        text = text.replace(f"{each}/", "").replace(each, Path(each).name)
    return text
