"""Facts of results: the keys of one real result of each kind, from the emulator."""

from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import CallToolResult

from compat.facts import Facts, json_facts, path
from support.imaging import sample_files
from support.server.in_memory import Gate, connected

PICTURE = "picture.png"
"""A small picture, so that every call is fast."""

EDIT = {"image": PICTURE, "prompt": "a cat", "search_prompt": "dog"}
SAMPLES = {"text_prompts": [{"text": "a cat"}], "samples": 2, "width": 640, "height": 1536}
RELIGHT = {"subject_image": PICTURE, "background_prompt": "a beach", "label": "beach"}

ANSWERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("image", "edit_search_and_replace", {**EDIT, "seed": 7, "label": "cat"}),
    ("cached answer", "edit_search_and_replace", {**EDIT, "seed": 7, "label": "cat"}),
    ("several variants", "edit_search_and_replace", {**EDIT, "count": 2}),
    ("deferred image", "edit_replace_background_and_relight", RELIGHT),
    ("audio", "audio2_text_to_audio", {"prompt": "waves", "duration": 1}),
    ("model", "model3d_stable_fast_3d", {"image": PICTURE, "texture_resolution": "512"}),
    ("v1 samples", "v1_text_to_image", SAMPLES),
    ("query", "account_balance", {}),
    ("account_details", "account_details", {}),
    ("account_engines", "account_engines", {}),
    ("job_wait with nothing to wait for", "job_wait", {}),
    ("job_list", "job_list", {"limit": 3}),
    ("media_list", "media_list", {"limit": 3}),
    ("media_show", "media_show", {"media": ["cat"]}),
    ("media_import", "media_import", {"file": PICTURE, "label": "picture"}),
    ("media_label", "media_label", {"media": "cat", "label": "tom"}),
    ("usage_report", "usage_report", {"by": "job"}),
    ("cost_estimate", "cost_estimate", {"tool": "generate_core", "arguments": {"prompt": "a"}}),
    (
        "cost_estimate of several calls",
        "cost_estimate",
        {"calls": [{"tool": "generate_core", "arguments": {"prompt": "a"}}]},
    ),
    ("server_status", "server_status", {}),
    ("guide", "guide", {"topic": "costs"}),
    ("error", "edit_search_and_replace", {"image": PICTURE}),
    ("refusal", "edit_search_and_replace", {**EDIT, "prompt": "a cat, emulate moderation"}),
)
"""Kind of result, tool and arguments, in the order of the calls."""


def prepare(folder: Path) -> None:
    """Write the input files of the calls."""
    sample_files.save(folder / PICTURE, sample_files.png((96, 64)))


async def answer_facts(client: Client) -> Facts:
    """Return the keys of the results of a connected server with all tools enabled."""
    found: Facts = {}
    for kind, tool, arguments in ANSWERS:
        found |= _answer_facts(kind, await client.call_tool(tool, arguments))
    return found


async def unfinished_facts(folder: Path) -> Facts:
    """Return the keys of a result with a running job, and of the results that follow it."""
    gate = Gate()
    async with connected(folder, toolsets=("all",), gate=gate, wait=0) as client:
        running = await client.call_tool("edit_replace_background_and_relight", RELIGHT)
        gate.open()
        waited = await client.call_tool("job_wait", {"seconds": 50})
        jobs = [each["id"] for each in (waited.meta or {})["stability-mcp/result"]["jobs"]]
        cancelled = await client.call_tool("job_cancel", {"jobs": jobs})
    return (
        _answer_facts("still running", running)
        | _answer_facts("job_wait", waited)
        | _answer_facts("job_cancel", cancelled)
    )


def _answer_facts(kind: str, result: CallToolResult) -> Facts:
    where = path("answers", kind)
    found: Facts = {path(where, "isError"): result.is_error}
    for name, value in (result.meta or {}).items():
        if not name.startswith("io.modelcontextprotocol/"):  # the SDK's own
            found |= json_facts(path(where, "_meta", name), [value])
    if result.structured_content is not None:
        found |= json_facts(path(where, "structuredContent"), [result.structured_content])
    blocks = [
        each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in result.content
    ]
    for each in {each["type"] for each in blocks}:
        alike = [block for block in blocks if block["type"] == each]
        found |= json_facts(path(where, "content", each), alike)
    return found
