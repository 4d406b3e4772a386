"""`stability-mcp demo`: a real MCP client and server process produce every kind of result.

Prints what an agent would read, where the files are and what it would have cost. Without a key it
runs on the built-in emulator with a temporary data folder; with a key it shows the price and asks
first.
"""

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.setting_values import variable
from stability_mcp.settings import Settings
from stability_mcp.text import credits_text

Step = tuple[str, dict[str, Any], str]
"""Tool, arguments and purpose of a step."""

STEPS: tuple[Step, ...] = (
    (
        "generate_core",
        {
            "prompt": "a red lighthouse on a cliff above the sea at sunset",
            "aspect_ratio": "3:2",
            "seed": 7,
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
        folder = settings.copies_dir or Path.cwd()
        environment = _environment(settings, Path(home), image)
        failed = await _run(steps, environment, emulated=settings.emulated)
    where = f"\nThe files are in {folder}." if settings.copies_dir else ""
    typer.echo(f"{where}\nNext: connect a host as the README shows, or run stability-mcp --help.")
    if failed:
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


async def _run(steps: list[Step], environment: Mapping[str, str], *, emulated: bool) -> bool:
    from mcp import Client, StdioServerParameters

    server = StdioServerParameters(
        command=sys.executable, args=["-m", "stability_mcp"], env=dict(environment)
    )
    started = time.perf_counter()
    failed = False
    spent = 0.0
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
        typer.echo(
            f"The server process answered after {time.perf_counter() - started:.1f} s "
            f"and offers {len(tools)} tools."
        )
        for number, (tool, arguments, purpose) in enumerate(steps, start=1):
            typer.echo(f"\n{number}. {purpose}\n   {tool} {_shown(arguments)}")
            result = await client.call_tool(tool, arguments, progress_callback=_progress)
            _print(result.content)
            failed = failed or bool(result.is_error)
            spent += ((result.meta or {}).get("cost") or {}).get("credits", 0)
    typer.echo(f"\n{_total(spent, emulated=emulated)}")
    return failed


def _total(spent: float, *, emulated: bool) -> str:
    price = f"{spent:g} credits ({spent / 100:.2f} USD)"
    return f"Nothing was charged. With a key this costs {price}." if emulated else f"Cost: {price}."


async def _progress(progress: float, total: float | None, message: str | None) -> None:
    share = f"{progress / total:4.0%}" if total else "    "
    typer.echo(f"   {share} {message or ''}", err=True)


def _shown(arguments: Mapping[str, Any]) -> str:
    return " ".join(f"--{name} {value!r}" for name, value in arguments.items())


def _print(content: list[Any]) -> None:
    for block in content:
        if block.type == "text":
            typer.echo("".join(f"   | {line}\n" for line in block.text.splitlines()), nl=False)
        elif block.type == "image":
            typer.echo(f"   | [preview: {block.mime_type}, {len(block.data) * 3 // 4 // 1024} KiB]")
        else:
            typer.echo(f"   | [link: {block.uri}]")
