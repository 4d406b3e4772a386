"""Uploads to signed URLs: announce a file, PUT it, complete it as media.

A page that must not know the token gets only the URL. The URL takes one file, for 10 minutes.
"""

from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.rest.media_details import StoredMediaForm
from stability_mcp.rest.media_form import MediaForm
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import PREFIX, route
from stability_mcp.server.tool import Data
from stability_mcp.server.views import when
from stability_mcp.studio.signed_uploads import METHOD, SignedRequest

MAX_NAME_CHARACTERS = 1_000
"""Of a file name; only its last part counts, and systems allow 255."""


class NewUpload(Arguments):
    """The file that will be sent."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
    """Its file name."""
    bytes: int
    """Its exact size."""


class UploadForm(Data):
    """An upload that waits for its file."""

    id: str
    method: str
    """Method of the request that sends the file."""
    url: str
    """Where to send it, as the body and without a token; relative to the server."""
    expires: str
    complete: str
    """POST to this link afterwards, which returns the media item."""


@route("POST", "/uploads", tag="media", statuses=(201,), hints={"size": "use bytes"})
async def create_upload(call: RestCall, arguments: NewUpload) -> UploadForm:
    """Get a signed URL to which one file can be sent without the token, within 10 minutes."""
    made = await call.studio.signed_uploads.create(arguments.name, arguments.bytes)
    signed = urlencode({"expires": made.expires_at, "signature": made.signature})
    base = _link(made.id)
    return UploadForm(
        id=made.id,
        method=METHOD,
        url=f"{base}?{signed}",
        expires=when(made.expires_at),
        complete=f"{base}/complete",
    )


class SentFile(Arguments):
    """The signed URL, as `POST /uploads` returned it."""

    id: Annotated[str, Field(min_length=1)]
    expires: Annotated[int, Field(ge=0, lt=2**53)]
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ReceivedForm(Data):
    """A file that was received."""

    id: str
    status: str
    complete: str
    """POST to this link, with the token, to store it as media."""


@route(
    "PUT",
    "/uploads/{id}",
    tag="media",
    access="open",
    body="file",
    statuses=(404, 409, 429, 503),
)
async def send_upload(call: RestCall, arguments: SentFile) -> ReceivedForm:
    """Send the bytes of an announced file to its signed URL; needs no token."""
    studio = await call.face.studio()  # an open route has none
    sent = SignedRequest(
        id=arguments.id,
        expires_at=arguments.expires,
        signature=arguments.signature,
        blocks=call.body.blocks(),
        declared=call.body.declared,
    )
    with call.face.receiving_body(call.route):
        await studio.signed_uploads.receive(sent)
    complete = f"{_link(arguments.id)}/complete"
    return ReceivedForm(id=arguments.id, status="received", complete=complete)


class CompletedUpload(Arguments):
    """Which upload to store."""

    id: Annotated[str, Field(min_length=1)]
    label: Annotated[str, Field(min_length=1)] | None = None
    """Name of the item; default: from its file name."""


@route("POST", "/uploads/{id}/complete", tag="media", statuses=(409,))
async def complete_upload(call: RestCall, arguments: CompletedUpload) -> StoredMediaForm:
    """Store a file that was sent as media, free of charge; again, it returns the same item."""
    item, note = await call.studio.signed_uploads.complete(arguments.id, arguments.label)
    return StoredMediaForm(media=[MediaForm.of(item)], notes=[note] if note else [])


def _link(upload: str) -> str:
    return f"{PREFIX}/uploads/{upload}"
