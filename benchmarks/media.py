"""The cost of large files: time and memory of previews, and memory of streamed audio."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class LocalCall:
    """A typical call of a local tool, with its preview."""

    tool: str
    """Its name; "": only the preview of the media `label`."""
    arguments: Mapping[str, object] = field(default_factory=dict)
    label: str = ""
    limit: int = 600
    """In ms."""


PHOTO_CALLS: Mapping[str, LocalCall] = {
    "media_inspect of a photo of {0.megapixels:.0f} MP": LocalCall(
        "media_inspect", {"media": "photo"}
    ),
    "image_compare of a photo of {0.megapixels:.0f} MP": LocalCall(
        "image_compare", {"before": "photo", "after": "photo"}
    ),
    "image_mask of a photo of {0.megapixels:.0f} MP": LocalCall(
        "image_mask",
        {
            "image": "photo",
            "shapes": [
                {"shape": "ellipse", "box": [0.2, 0.2, 0.5, 0.7]},
                {"shape": "stroke", "points": [[0.1, 0.9], [0.9, 0.1]], "size": 90},
                {"shape": "feather", "size": 12},
            ],
        },
    ),
    "image_transform of a photo of {0.megapixels:.0f} MP": LocalCall(
        "image_transform",
        {
            "image": "photo",
            "steps": [
                {"op": "crop", "aspect": "4:5"},
                {"op": "resize", "width": 1080},
                {"op": "adjust", "warmth": 20, "contrast": 10},
            ],
        },
    ),
    "preview of a photo of {0.megapixels:.0f} MP": LocalCall("", label="photo"),
}
"""By line, on a photo."""
OTHER_CALLS: Mapping[str, LocalCall] = {
    "waveform of {0.seconds} s": LocalCall("", label="song", limit=900),
    "audio_edit of {0.seconds} s": LocalCall(
        "audio_edit",
        {"sounds": ["song", "song"], "crossfade": 5, "fade_out": 5, "loudness": "-20"},
        limit=2_500,
    ),
    "preview of a model with {0.triangles:,} triangles": LocalCall("", label="model", limit=900),
}
"""By line, on loud noise with 44,100 Hz and 16 bits, and on a 3D model as the API returns it."""


@dataclass(frozen=True)
class LocalMedia:
    """How large the media of `local_tools` are."""

    width: int
    height: int
    seconds: int
    triangles: int

    @property
    def megapixels(self) -> float:
        """Return the size of the photo."""
        return self.width * self.height / 1e6


async def local_tools(folder: Path, size: LocalMedia, *, rounds: int) -> list[Line]:
    """Measure the local tools, and how long they block the loop."""
    from stability_mcp.local_tools import all_local_tools
    from stability_mcp.server.garbage import paused_collection
    from stability_mcp.server.tools import load_tools
    from stability_mcp.studio import open_studio

    photograph(size.width, size.height).save(folder / "photo.jpg", quality=92)
    sound(folder / "song.wav", size.seconds * 4 * 44_100, rate=44_100, width=2)
    (folder / "model.glb").write_bytes(_model(size.triangles))
    settings = Settings(
        home=folder / "home",
        output_dir=None,
        roots=(folder,),
        api_key=None,
        base_url="http://127.0.0.1:9",
    )
    lines = []
    async with open_studio(settings) as studio:
        items = {}
        for name in ("photo.jpg", "song.wav", "model.glb"):
            label = name.partition(".")[0]
            items[label], _ = await studio.import_media(str(folder / name), label)
        await load_tools()

        async def call(what: LocalCall) -> None:
            if what.tool:
                await studio.library.run_local(all_local_tools()[what.tool], what.arguments)
            else:
                await studio.preview([items[what.label]])

        groups = {"local tools": PHOTO_CALLS, "sounds and models": OTHER_CALLS}
        for group, calls in groups.items():
            with paused_collection():  # as the server loads libraries
                for each in calls.values():
                    await call(each)
            async with _lag() as lags:
                for name, each in calls.items():
                    took = []
                    for _ in range(rounds):
                        started = now()
                        await call(each)
                        took.append(now() - started)
                    lines.append(
                        at_most(f"{name.format(size)}, ms", median(took), each.limit, "{:.0f}")
                    )
            lines.append(
                at_most(f"{group}, longest stop of the event loop, ms", max(lags), 20, "{:.1f}")
            )
    return lines


def _model(triangles: int) -> bytes:
    from stability_emulator.model3d.relief import Shape, relief

    return relief(photograph(512, 512), Shape(texture=1_024, faces=triangles))


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
