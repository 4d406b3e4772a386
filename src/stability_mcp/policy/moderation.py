"""What the API's moderation refused is not sent again for an hour: it would be refused again.

Such a refusal is free, but an account that keeps asking draws attention, and a model that is not
told so keeps asking. The same request is the same prompts and the same pictures for the same
operation; a new seed or size does not make it another.
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
"""Seconds for which a refusal stands; rules and prompts change."""

_BY_NAME = "invalid_prompts"
"""What the first version of the API calls a refusal by moderation."""


def texts_of(operation: Operation) -> dict[str, str]:
    """Return what a request asks to see or hear, by argument; not what it wants to be without."""
    prompts = _prompts(operation).items()
    return {name: _prompt_text(value) for name, value in prompts if name != "negative_prompt"}


def subject_of(account: Account, operation: Operation, files: Mapping[str, MediaItem]) -> Subject:
    """Return what moderation judges of a request.

    Args:
        account: Whose it is and where it goes.
        operation: The request.
        files: What it sends, by argument.
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
    """Return whether moderation refused, under whatever name."""
    return isinstance(error, ModerationError) or getattr(error, "name", None) == _BY_NAME


def record(connection: Connection, subject: Subject, error: StudioError | str, now: float) -> None:
    """Remember a refusal by moderation."""
    why = error.message if isinstance(error, StudioError) else error
    audit.record(connection, subject, event="moderated", detail=why, now=now)


def check_not_refused(connection: Connection, subject: Subject, now: float) -> None:
    """Refuse what the API refused within the hour.

    Raises:
        ModerationError: it did; says what it said.
    """
    earlier = audit.latest(connection, subject, "moderated")
    if earlier is None or not 0 <= now - earlier.at < REMEMBERED_SECONDS:
        return
    at = datetime.fromtimestamp(earlier.at).astimezone().strftime("%H:%M")
    raise ModerationError(
        f"This was not sent: the API's moderation refused the same request at {at}, and would "
        f"again. It said: {earlier.detail}",
        status=403,
        name="content_moderation",
        hint="Change the prompt or the picture that it names; the same is tried again only after "
        "an hour.",
    )


def _prompts(operation: Operation) -> dict[str, object]:
    values = json.loads(operation.canonical())
    return {name: values[name] for name in values if "prompt" in name}


def _prompt_text(value: object) -> str:
    """Return the words of a prompt; the first version has a list with weights."""
    if isinstance(value, str):
        return value
    parts: Iterable[object] = value if isinstance(value, list) else ()
    wanted = (part for part in parts if isinstance(part, dict) and (part.get("weight") or 1) > 0)
    return "\n".join(str(part.get("text", "")) for part in wanted)
