"""Blocks requests for an hour that the API's moderation has refused.

A refusal is free, but repeated ones put the account at risk, and a model keeps trying unless it is
stopped. Two requests are the same if operation, prompts and pictures are; a new seed or size makes
no difference.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from stability_mcp.api.operation import Operation
from stability_mcp.errors import ModerationError, StudioError
from stability_mcp.media.items import MediaItem
from stability_mcp.policy import audit
from stability_mcp.policy.audit import Subject
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account

REMEMBERED_SECONDS = 3_600.0
"""How long a refusal blocks identical requests, in seconds; moderation rules change."""

_BY_NAME = "invalid_prompts"
"""Error name of API version 1 for a refusal by moderation."""


def texts_of(operation: Operation) -> dict[str, str]:
    """Return the prompts of a request by argument, without the negative prompt."""
    prompts = _prompts(operation).items()
    return {name: _prompt_text(value) for name, value in prompts if name != "negative_prompt"}


def subject_of(account: Account, operation: Operation, files: Mapping[str, MediaItem]) -> Subject:
    """Return the parts of a request that moderation judges.

    Args:
        account: Owner and upstream.
        operation: The request.
        files: The files it sends, by argument.
    """
    judged = {
        "prompts": _prompts(operation),
        "files": {name: item.sha256 for name, item in files.items()},
    }
    canonical = json.dumps(judged, sort_keys=True, separators=(",", ":"))
    return Subject(
        account=account,
        operation=operation.name(),
        prompt_hash=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def is_by_moderation(error: StudioError | str) -> bool:
    """Return whether an error is a refusal by moderation, under any of its names."""
    return isinstance(error, ModerationError) or getattr(error, "name", None) == _BY_NAME


def record(connection: Connection, subject: Subject, error: StudioError | str, now: float) -> None:
    """Record a refusal by moderation."""
    why = error.message if isinstance(error, StudioError) else error
    audit.record(connection, subject, event="moderated", detail=why, now=now)


def check_not_refused(connection: Connection, subject: Subject, now: float) -> None:
    """Check that the API's moderation did not refuse an identical request within the last hour.

    Raises:
        ModerationError: it did; the message has its reason.
    """
    earlier = audit.latest(connection, subject, "moderated")
    if earlier is None or not 0 <= now - earlier.at < REMEMBERED_SECONDS:
        return
    at = datetime.fromtimestamp(earlier.at).astimezone().strftime("%H:%M")
    raise ModerationError(
        f"Not sent: moderation refused this exact request at {at}. {earlier.detail}",
        status=403,
        name="content_moderation",
        hint="Change the prompt or the picture; an identical call is blocked for an hour.",
    )


def _prompts(operation: Operation) -> dict[str, object]:
    values = json.loads(operation.canonical())
    return {name: values[name] for name in values if "prompt" in name}


def _prompt_text(value: object) -> str:
    """Return the text of a prompt; API version 1 has a list with weights."""
    if isinstance(value, str):
        return value
    parts: Iterable[object] = value if isinstance(value, list) else ()
    wanted = (part for part in parts if isinstance(part, dict) and (part.get("weight") or 1) > 0)
    return "\n".join(str(part.get("text", "")) for part in wanted)
