"""`media_import(source="upload")`: gives the user a link, then waits and says what arrived."""

from collections.abc import Sequence

import anyio

from stability_mcp.errors import FileMissingError
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.elicitation import LinkAnswer
from stability_mcp.server.results import Shown
from stability_mcp.studio import MediaItem, Studio, Upload, refused_line
from stability_mcp.text import listed, local_time, quoted

INSTEAD = (
    "Ask the user to save the file in a shared folder such as Downloads and pass its path, or pass "
    "an https link to it."
)
"""What works where no page can be opened."""

OFFER = "Open this page to send files to the assistant. It is on your own computer."

PROGRESS_SECONDS = 5.0
"""Pause between two progress messages: some hosts time out a call that is silent for longer."""


async def import_upload(studio: Studio, label: str | None, context: CallContext) -> Shown | str:
    """Return the link at the first call, and later what the user uploaded.

    Args:
        studio: The studio.
        label: Name for the file; several get it with a number.
        context: The context of the call.

    Raises:
        FileMissingError: no page can be opened here.
    """
    base = context.pages.open() if context.pages else None
    if base is None:
        why = context.pages.obstacle if context.pages else ""
        raise FileMissingError(f"No upload page can be opened. {why}".strip(), hint=INSTEAD)
    known = studio.pages.links.latest_upload
    upload = studio.pages.links.upload()
    url = f"{base}/u/{upload.token}"
    offer = await _offer(url, upload, context, is_new=upload is not known)
    if offer == "decline":
        upload.finish()
        upload.delivered = True
        return f"The user declined to open the upload page. {INSTEAD}"
    if offer == "cancel" or (offer is None and upload is not known):
        return _first(url, upload, label, known)
    await _wait(upload, context)
    if not upload.has_ended:
        return _not_yet(url, upload, label)
    if not upload.files:
        upload.delivered = True
        return _nothing(upload)
    if offer is not None and context.elicitation is not None:
        await context.elicitation.complete_link(_key(upload))
    shown = await _arrived(studio, upload, label)
    upload.delivered = True
    return shown


async def _offer(
    url: str, upload: Upload, context: CallContext, *, is_new: bool
) -> LinkAnswer | None:
    """Have the client open the page, if it can.

    Returns:
        The user's answer; None: the client can't ask, or there is no answer yet.

    Raises:
        AskFirstError: the offer is the result of the call.
    """
    elicitation = context.elicitation
    if elicitation is None or not elicitation.opens_links:
        return None
    answer = elicitation.link_answer(_key(upload))
    if is_new:
        with anyio.move_on_after(context.wait):
            answer = await elicitation.offer_link(_key(upload), OFFER, url)
    return answer


def _key(upload: Upload) -> str:
    return f"upload-{upload.expires_at:.0f}"


async def _wait(upload: Upload, context: CallContext) -> None:
    """Wait until the link ends, or as long as the call may; report arrivals."""
    began = anyio.current_time()
    while not upload.has_ended and (passed := anyio.current_time() - began) < context.wait:
        if context.progress is not None:
            await context.progress(_progress_text(upload), passed / context.wait)
        await upload.wait(min(context.wait - passed, PROGRESS_SECONDS))


def _progress_text(upload: Upload) -> str:
    count = len(upload.items)
    if not count:
        return "waiting for the user to upload files"
    return f"{count} file{'s' * (count > 1)} arrived; waiting for Done"


def _first(url: str, upload: Upload, label: str | None, earlier: Upload | None) -> str:
    unused = earlier is not None and not earlier.files and not earlier.delivered
    again = _again(label)
    return "\n".join(
        [
            *(["Nothing arrived through the earlier link; it has ended."] * unused),
            f"Show the user this link: {url}",
            "They open it in their browser, drop or paste files there and press Done.",
            f"Then call {again} again: it waits until the files are there.",
            f"The link works once, until {_time(upload)}, and only on this machine.",
        ]
    )


def _not_yet(url: str, upload: Upload, label: str | None) -> str:
    refused = [refused_line(each) for each in upload.refused]
    arrived = f"Arrived so far: {_names(upload.items)}." if upload.items else "Nothing has arrived."
    return "\n".join(
        [
            f"{arrived} The user hasn't pressed Done yet.",
            *refused,
            f"The link still works until {_time(upload)}: {url}",
            f"To wait again, call {_again(label)}.",
        ]
    )


def _nothing(upload: Upload) -> str:
    how = "The user pressed Done without a file."
    if upload.state == "expired":
        how = "The link ran out, and nothing had arrived."
    return f"{how} For a new link, call {_again(None)}. {INSTEAD}"


async def _arrived(studio: Studio, upload: Upload, label: str | None) -> Shown | str:
    items: Sequence[MediaItem] = await studio.media_of([each.id for each in upload.items])
    deleted = len(upload.items) - len(items)
    if label is not None:
        items = await _labelled(studio, items, label)
    notes = [f"upload: {each.note}" for each in upload.files if each.item is not None]
    notes += [refused_line(each) for each in upload.refused]
    notes += [f"deleted meanwhile: {deleted} of the files"] if deleted else []
    if not items:
        return "\n".join(["Nothing was imported.", *notes, f"For a new link, call {_again(None)}."])
    if upload.state == "expired":
        notes.append("The link ran out before the user pressed Done.")
    preview = await studio.preview(items)
    notes += await studio.library.undrawn(items, [preview] if preview else [])
    return Shown(items=items, notes=notes, preview=preview)


async def _labelled(studio: Studio, items: Sequence[MediaItem], label: str) -> list[MediaItem]:
    if len(items) == 1:
        return [await studio.label_media(items[0].uri, label)]
    return [
        await studio.label_media(item.uri, f"{label}-{number}")
        for number, item in enumerate(items, start=1)
    ]


def _again(label: str | None) -> str:
    with_label = f", label={quoted(label)}" if label else ""
    return f'media_import(source="upload"{with_label})'


def _names(items: Sequence[MediaItem]) -> str:
    return listed(f"{each.name} ({each.uri})" for each in items)


def _time(upload: Upload) -> str:
    return local_time(upload.expires_at)[-5:]
