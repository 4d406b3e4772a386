"""The cost of large files: time and memory of previews, and memory of streamed audio."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from benchmarks.files import picture, sound
from benchmarks.photograph import photograph
from benchmarks.processes import OURS, Upstream, environment, now, peak_of, running
from benchmarks.table import Line, at_most

from stability_mcp.settings import Settings

TICK_SECONDS = 0.002
MAX_KEPT_MB = 16
"""Memory that may remain in use after a large preview: the allocator keeps some pages."""


async def previews(folder: Path, *, rounds: int) -> list[Line]:
    """Measure previews of a typical result, and how long they block the event loop."""
    from stability_mcp.studio import open_studio

    path = picture(folder / "photo.png", 1536, noise=20)
    settings = Settings(
        home=folder / "home",
        output_dir=None,
        roots=(folder,),
        api_key=None,
        base_url="http://127.0.0.1:9",
    )
    took = []
    async with open_studio(settings) as studio:
        item, _ = await studio.import_media(str(path), None)
        await studio.preview([item])
        async with _lag() as lags:
            for _ in range(rounds):
                started = now()
                await studio.preview([item])
                took.append(now() - started)
    megapixels = 1536 * 1536 / 1e6
    return [
        at_most("preview, ms per megapixel", median(took) / megapixels, 50, "{:.0f}"),
        at_most("preview, longest stop of the event loop, ms", max(lags), 20, "{:.1f}"),
    ]


LOCAL_CALLS: Mapping[str, Mapping[str, object]] = {
    "media_inspect": {"media": "photo"},
    "image_compare": {"before": "photo", "after": "photo"},
    "image_mask": {
        "image": "photo",
        "shapes": [
            {"shape": "ellipse", "box": [0.2, 0.2, 0.5, 0.7]},
            {"shape": "stroke", "points": [[0.1, 0.9], [0.9, 0.1]], "size": 90},
            {"shape": "feather", "size": 12},
        ],
    },
    "image_transform": {
        "image": "photo",
        "steps": [
            {"op": "crop", "aspect": "4:5"},
            {"op": "resize", "width": 1080},
            {"op": "adjust", "warmth": 20, "contrast": 10},
        ],
    },
    "media_show": {},
}
"""A typical call of each local tool, with its preview; `media_show`: only the preview."""


async def local_tools(folder: Path, *, rounds: int) -> list[Line]:
    """Measure the local tools on a photo of 12 megapixels, and how long they block the loop."""
    from stability_mcp.local_tools import all_local_tools
    from stability_mcp.server.tools import load_tools
    from stability_mcp.studio import open_studio

    photograph(4_000, 3_000).save(folder / "photo.jpg", quality=92)
    settings = Settings(
        home=folder / "home",
        output_dir=None,
        roots=(folder,),
        api_key=None,
        base_url="http://127.0.0.1:9",
    )
    lines = []
    async with open_studio(settings) as studio:
        item, _ = await studio.import_media(str(folder / "photo.jpg"), "photo")
        await load_tools()

        async def call(name: str) -> None:
            if name == "media_show":
                await studio.preview([item])
                return
            tool = all_local_tools()[name]
            await studio.library.run_local(tool, LOCAL_CALLS[name])

        for name in LOCAL_CALLS:  # loads Pillow's libraries, once in a process
            await call(name)
        async with _lag() as lags:
            for name in LOCAL_CALLS:
                took = []
                for _ in range(rounds):
                    started = now()
                    await call(name)
                    took.append(now() - started)
                what = "preview" if name == "media_show" else name
                lines.append(
                    at_most(f"{what} of a photo of 12 MP, ms", median(took), 600, "{:.0f}")
                )
    lines.append(
        at_most("local tools, longest stop of the event loop, ms", max(lags), 20, "{:.1f}")
    )
    return lines


@asynccontextmanager
async def _lag() -> AsyncIterator[list[float]]:
    """Collect the wake-up delays of a sleeping task, in milliseconds."""
    lags: list[float] = [0]

    async def tick() -> None:
        while True:
            slept = now()
            await asyncio.sleep(TICK_SECONDS)
            lags.append(now() - slept - TICK_SECONDS * 1000)

    ticking = asyncio.create_task(tick())
    try:
        yield lags
    finally:
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking


async def large_preview(folder: Path, up: Upstream) -> list[Line]:
    """Measure memory while a picture of 9.4 megapixels arrives and its preview is made."""
    small = picture(folder / "small.png", 512, noise=0)
    large = picture(folder / "large.png", 3072, noise=20)
    async with running(OURS, environment(folder, up.url)) as server:
        for file in (small, large):
            up.set(file)
            before = server.resident()
            async with peak_of(server.process.pid) as peak:
                await server.call("generate_core", prompt=f"a {file.stem} harbour")
            most = peak()
        after = server.resident()
    return [
        at_most("preview of 9.4 MP, MB more at most", most - before, 160, "{:.0f}"),
        at_most("... of which kept", after - before, MAX_KEPT_MB, "{:.0f}"),
    ]


async def large_sound(folder: Path, up: Upstream, *, upload: int, download: int) -> Line:
    """Measure memory while a large audio file is sent and a large one is returned."""
    little = sound(folder / "little.wav", 2_000_000)
    large = sound(folder / "large.wav", upload)
    result = sound(folder / "result.wav", download, rate=44_100, width=2)
    async with running(OURS, environment(folder, up.url)) as server:
        for file, returned in ((little, little), (large, result)):
            up.set(returned, media_type="audio/wav")
            before = server.resident()
            async with peak_of(server.process.pid) as peak:
                await server.call(
                    "audio2_audio_to_audio",
                    prompt="strings",
                    audio=str(file),
                    duration=30,
                    output_format="wav",
                )
            most = peak()
    return at_most(
        f"sound of {upload / 1e6:.0f} MB sent, {download / 1e6:.0f} MB back, MB more at most",
        most - before,
        16,
        "{:.1f}",
    )
