"""`stability-mcp demo`: a real MCP client and server process produce every kind of result.

Shows progress, files and prices, and writes a page that shows what was made from what. Without a
key it runs on the built-in emulator with a temporary data folder; with a key it shows the price and
asks first.
"""

import base64
import io
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.cli.call import ProgressLine
from stability_mcp.cli.demo_page import MAX_SOUND_BYTES, Made, render
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings
from stability_mcp.text import bytes_text, credits_text

if TYPE_CHECKING:
    from mcp.types import CallToolResult

PAGE = "demo.html"
"""Name of the page, in the output folder."""
THUMBNAIL_SIDE = 144
"""Pixels: three times the 48 that the page shows, for dense screens."""

Step = tuple[str, dict[str, Any], str]
"""Tool, arguments and purpose of a step."""

STEPS: tuple[Step, ...] = (
    (
        "generate_core",
        {
            "prompt": "a red lighthouse on a cliff above the sea",
            "aspect_ratio": "3:2",
            "seed": 11,
            "label": "lighthouse",
        },
        "a picture from a prompt",
    ),
    (
        "edit_remove_background",
        {"image": "lighthouse", "label": "cut-out"},
        "the same picture without its background, passed by its label",
    ),
    (
        "upscale_fast",
        {"image": "cut-out", "label": "large"},
        "four times the width and height; the server shrinks the input to the API's limit",
    ),
    (
        "audio2_text_to_audio",
        {"prompt": "waves and a distant fog horn", "duration": 6, "label": "waves"},
        "a sound",
    ),
    ("model3d_stable_fast_3d", {"image": "cut-out", "label": "model"}, "a 3D model"),
    (
        "upscale_creative",
        {"image": "lighthouse", "prompt": "a red lighthouse above the sea", "label": "finest"},
        "a deferred job: the API returns an id and the server polls for the result",
    ),
)


async def run_demo(settings: Settings, image: Path | None) -> None:
    """Run the steps and print them; exit with 1 if a step fails."""
    steps = list(STEPS)
    if image is not None:
        own = {"image": str(image), "label": "yours-cut-out"}
        steps.append(("edit_remove_background", own, "your own picture without its background"))
    if not settings.emulated:
        total = sum(OPERATIONS[tool].price_range()[1] for tool, _, _ in steps)
        typer.confirm(
            f"A key is set: this spends up to {credits_text(total)}. Continue?", abort=True
        )
    with tempfile.TemporaryDirectory(prefix="stability-mcp-demo-") as home:
        environment = _environment(settings, Path(home), image)
        made, spent = await _run(steps, environment)
    total_text = _total(spent, emulated=settings.emulated)
    typer.echo(f"\n{total_text}")
    if settings.copies_dir:
        typer.echo(f"The files are in {settings.copies_dir}.")
    page = render(made, summary=total_text, emulated=settings.emulated)
    _write_page((settings.copies_dir or Path.cwd()) / PAGE, page)
    typer.echo("Next: connect a host as the README shows, or run stability-mcp --help.")
    if any(each.failed for each in made):
        raise SystemExit(1)


def _environment(settings: Settings, home: Path, image: Path | None) -> dict[str, str]:
    """Return this environment for the server, with a temporary store when emulating."""
    environment = dict(os.environ)
    if settings.emulated:
        environment[variable("home")] = str(home)
    if settings.output_dir is not None and settings.output_dir != Path():
        environment[variable("output_dir")] = str(settings.output_dir)
    if image is not None:
        roots = [*settings.roots, image.parent]
        environment[variable("roots")] = os.pathsep.join(map(str, roots))
    environment[variable("toolsets")] = "default"
    return environment


async def _run(steps: list[Step], environment: Mapping[str, str]) -> tuple[list[Made], float]:
    """Run all steps; returns their results and the credits of all."""
    from mcp import Client, StdioServerParameters

    server = StdioServerParameters(
        command=sys.executable, args=["-m", "stability_mcp"], env=dict(environment)
    )
    started = time.perf_counter()
    made = []
    spent = 0.0
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
        typer.echo(
            f"The server process answered after {time.perf_counter() - started:.1f} s "
            f"and offers {len(tools)} tools."
        )
        progress = ProgressLine(sys.stderr)
        for number, step in enumerate(steps, start=1):
            tool, arguments, purpose = step
            typer.echo(f"\n{number}/{len(steps)} {purpose}\n    {tool} {_shown(arguments)}")
            began = time.perf_counter()
            try:
                result = await client.call_tool(tool, arguments, progress_callback=progress.report)
            finally:
                progress.clear()
            cost = ((result.meta or {}).get("cost") or {}).get("credits", 0)
            made.append(_made(step, result, cost, time.perf_counter() - began))
            spent += cost
            _print(made[-1])
    return made, spent


def _made(step: Step, result: "CallToolResult", cost: float, seconds: float) -> Made:
    from stability_mcp.server.plain_results import FACTS

    tool, arguments, purpose = step
    media = (result.meta or {}).get(FACTS, {}).get("media") or [{}]
    item: Mapping[str, Any] = media[0]
    path = Path(item["path"]) if item.get("path") else None
    media_type = str(item.get("media_type", ""))
    shape = f"{item.get('seconds'):g} s" if item.get("seconds") else ""
    if item.get("width"):
        shape = f"{item['width']}x{item['height']}"
    kind = path.suffix[1:].upper() if path else media_type
    previews = [block for block in result.content if block.type == "image"]
    return Made(
        purpose=purpose,
        tool=tool,
        title=OPERATIONS[tool].title,
        arguments=arguments,
        label=str(item.get("label", arguments.get("label", tool))),
        path=path,
        further=[Path(each["path"]) for each in media[1:] if each.get("path")],
        media_type=media_type,
        size=f"{shape} {kind}, {bytes_text(item.get('bytes', 0))}".strip(),
        price=f"{cost:g} credits",
        seconds=seconds,
        preview=_data_uri(previews[0].mime_type, previews[0].data) if previews else "",
        thumbnail=_thumbnail(previews[0].data) if previews else "",
        sound=_sound(path, media_type),
        text="\n".join(block.text for block in result.content if block.type == "text"),
        failed=bool(result.is_error),
    )


def _thumbnail(preview: str) -> str:
    """Return a small version of a preview as a data URI."""
    from PIL import Image

    small = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(preview))) as image:
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        image.save(small, "WEBP")
    return _data_uri("image/webp", base64.b64encode(small.getvalue()).decode())


def _sound(path: Path | None, media_type: str) -> str:
    """Return a short sound as a data URI."""
    if path is None or not media_type.startswith("audio/"):
        return ""
    if path.stat().st_size > MAX_SOUND_BYTES:
        return ""
    return _data_uri(media_type, base64.b64encode(path.read_bytes()).decode())


def _data_uri(media_type: str, encoded: str) -> str:
    return f"data:{media_type};base64,{encoded}"


def _total(spent: float, *, emulated: bool) -> str:
    price = f"{spent:g} credits ({spent / 100:.2f} USD)"
    return f"Nothing was charged. With a key this costs {price}." if emulated else f"Cost: {price}."


def _write_page(path: Path, page: str) -> None:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        typer.echo(f"The page could not be written to {path} ({error.strerror}).", err=True)
        return
    typer.echo(f"What was made from what: {path.absolute().as_uri()}")


def _shown(arguments: Mapping[str, Any]) -> str:
    return " ".join(f"--{name} {value!r}" for name, value in arguments.items())


def _print(made: Made) -> None:
    if made.failed:
        typer.echo("".join(f"    | {line}\n" for line in made.text.splitlines()), nl=False)
        return
    typer.echo(f"    {made.size}, {made.price}, {made.seconds:.1f} s")
    for path in filter(None, (made.path, *made.further)):
        typer.echo(f"    {path}")
