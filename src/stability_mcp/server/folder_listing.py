"""The answer of `media_list` with a folder: the media files on disk, a line each."""

from pydantic import Field

from stability_mcp.server.listings import Listing, line_of, time_text
from stability_mcp.server.tool import Data, PageData
from stability_mcp.server.views import when
from stability_mcp.studio import FolderPage, ListedFile, short_path
from stability_mcp.text import bytes_text, format_name
from stability_mcp.uris import media_uri


class FileFacts(Data):
    """A media file on disk."""

    name: str
    path: str
    """Path to pass to any tool."""
    kind: str | None = None
    """image, audio or model, by the bytes; absent if it only has the name of media."""
    media_type: str | None = None
    bytes: int
    modified: str
    label: str | None = None
    """Label of the stored media with these bytes."""
    uri: str | None = None
    """URI of that media."""
    wrong_name: str | None = None
    """Its extension, if the bytes are of another type."""

    @classmethod
    def of(cls, file: ListedFile) -> "FileFacts":
        """Return a file as JSON facts."""
        return cls(
            name=file.path.name,
            path=str(file.path),
            kind=file.kind,
            media_type=file.media_type,
            bytes=file.bytes,
            modified=when(file.modified_at),
            label=file.label,
            uri=media_uri(file.media) if file.media else None,
            wrong_name=file.wrong_name,
        )


class FolderListed(PageData):
    """A page of the media files in a folder."""

    folder: str
    files: list[FileFacts] = Field(default_factory=list)
    stopped: str | None = None
    """Why the list may be incomplete."""


def folder_listing(page: FolderPage) -> Listing:
    """Return a page of a folder as lines and facts."""
    facts = FolderListed(
        folder=str(page.folder),
        files=[FileFacts.of(each) for each in page.files],
        stopped=page.stopped or None,
        next_cursor=page.next_cursor,
        next=page.next_cursor,
    )
    lines = [file_line(each) for each in page.files]
    notes = [f"folder: {short_path(page.folder)}, with its subfolders"]
    return Listing(lines=lines, facts=facts, notes=[*notes, *filter(None, [page.stopped])])


def file_line(file: ListedFile) -> str:
    """Return path, type, size, time and label of a file."""
    form = format_name(file.media_type) if file.media_type else "no picture, sound or 3D model"
    despite = f" despite its name {file.wrong_name}" if file.wrong_name else ""
    parts = (
        short_path(file.path),
        f"{form}{despite}, {bytes_text(file.bytes)}",
        time_text(file.modified_at),
        f"stored as {file.label or media_uri(file.media)}" if file.media else None,
    )
    return line_of(parts)
