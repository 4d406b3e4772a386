"""The calls of a conversation and their answers, as recorded from the protocol's messages."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TRANSCRIPT = "transcript.jsonl"
"""The file in a scenario's folder to which the recorder writes messages, one a line."""

PREVIEW_BYTES = 88_000
"""What a preview counts as: the limit of 64 KiB in base64. Its real size depends on the picture,
and the emulator's are small in tests."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A call and its answer."""

    tool: str
    arguments: Mapping[str, Any]
    text: str
    """All texts that the model reads, with the addresses of linked resources."""
    bytes: int
    """Size of the answer as JSON; a preview counts as `PREVIEW_BYTES`."""
    is_error: bool
    pictures: int = 0
    """Previews that the model sees."""
    heard: int
    """Number of the user's turns before the call."""


@dataclass(kw_only=True)
class Transcript:
    """What a model read and did."""

    tools: list[dict[str, Any]] = field(default_factory=list)
    """The tool list, as sent."""
    read: list[str] = field(default_factory=list)
    """Prompts and resources that the host or the user fetched."""
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def answers(self) -> str:
        """Return the texts of all answers."""
        return "\n".join(each.text for each in self.exchanges)

    def add(
        self, tool: str, arguments: Mapping[str, Any], result: Mapping[str, Any], heard: int
    ) -> Exchange:
        """Add a call with its result, as in the protocol's message."""
        content = result.get("content", ())
        pictures = [block["data"] for block in content if block.get("type") == "image"]
        size = len(json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode())
        exchange = Exchange(
            tool=tool,
            arguments=arguments,
            text=_text(content),
            bytes=size - sum(map(len, pictures)) + PREVIEW_BYTES * len(pictures),
            is_error=bool(result.get("isError")),
            pictures=len(pictures),
            heard=heard,
        )
        self.exchanges.append(exchange)
        return exchange


def _text(content: Sequence[Mapping[str, Any]]) -> str:
    parts = (block.get("text") or block.get("uri") or "" for block in content)
    return "\n".join(part for part in parts if part)


def read_transcript(path: Path, heard: int) -> Transcript:
    """Return the transcript that a recorder wrote.

    Args:
        path: The recorder's file.
        heard: Number of the user's turns; the recorder doesn't hear them.
    """
    transcript = Transcript()
    asked: dict[str, Mapping[str, Any]] = {}
    for message in _messages(path):
        if "method" in message:
            if "id" in message:
                asked[f"{message['connection']}:{message['id']}"] = message
            continue
        request = asked.get(f"{message['connection']}:{message.get('id')}")
        if request is None:
            continue
        # An error of the protocol is read like one of the tool.
        failed = {"content": [{"text": str(message.get("error"))}], "isError": True}
        _add(transcript, request, message.get("result", failed), heard)
    return transcript


def _add(
    transcript: Transcript, request: Mapping[str, Any], result: Mapping[str, Any], heard: int
) -> None:
    params = request.get("params", {})
    match request["method"]:
        case "tools/list":
            transcript.tools = result.get("tools", transcript.tools)
        case "tools/call":
            transcript.add(params["name"], params.get("arguments") or {}, result, heard)
        case "prompts/get" | "resources/read":
            transcript.read.append(json.dumps(result, ensure_ascii=False))


def _messages(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            found = json.loads(line)
            if isinstance(found, dict):
                yield found
