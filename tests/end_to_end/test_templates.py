"""Every template over stdio, from its arguments to files on disk and charges in the ledger.

One server for all templates of an era, which run side by side as far as the client allows.
"""

import json
import sqlite3
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from PIL import Image

from evaluation import made_files as make
from stability_mcp.workflows.templates import all_templates
from support.emulator.small import SMALL_SERVER
from support.programs import forked
from support.server.host import ERAS, Era, connected, text
from support.workflows.played import Played, Player, assert_complete

pytestmark = pytest.mark.anyio

FILES: Mapping[str, make.Make] = {
    "fox.jpg": make.photo("a red fox in a meadow", (480, 360), form="JPEG"),
    "woman.jpg": make.photo("a portrait of a woman", (450, 600), form="JPEG"),
    "mosaic.png": make.photo("a mosaic of tiles", make.SMALL),
    "products/chair.jpg": make.photo("a wooden chair", make.SMALL, form="JPEG"),
    "products/lamp.jpg": make.photo("a desk lamp", make.SMALL, form="JPEG"),
    "products/mug.png": make.photo("a blue mug on a table", make.SMALL),
    "shots/bottle.png": make.photo("a green bottle", make.SMALL),
    "shots/cup.jpg": make.photo("a white cup", make.SMALL, form="JPEG"),
    "shots/shoe.jpg": make.photo("a red shoe", make.SMALL, form="JPEG"),
    "hum.wav": make.hummed,
    "sketch.png": make.sketch,
    "globe.png": make.photo("a globe", make.SMALL),
}
"""What the user has in the workspace."""
LATER = "products/vase.png"
"""A file that arrives after the first run of a batch."""
HD = 1920 * 1080 * 0.9
"""Pixels from which a picture counts as HD."""
MAX_SHOT_BYTES = 60_000
CLIENTS = 4
"""Templates that run at once."""

Check = Callable[[Played], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a person would ask of a template; paths are below the workspace."""

    arguments: Mapping[str, Any]
    pick: object = None
    """The answer to its reviews; None: it has none."""
    check: Check


# What each template promises ----------------------------------------------------------------------


def _sizes(paths: Sequence[Path]) -> list[tuple[int, int]]:
    found = []
    for path in paths:
        with Image.open(path) as picture:
            found.append(picture.size)
    return found


def _check_ab_test(played: Played) -> None:
    """A tie is stored and shown; its line names what is which, the review does not."""
    (review,) = played.reviews
    listed = review.partition("pick 1")[2]
    assert "flat" not in listed
    assert "photo" not in listed
    assert "picked: pick 1 and 2, a tie" in played.text
    assert [each["picked"] for each in played.facts["results"][:2]] == [True, True]
    assert {"flat.png", "photo.png"} < set(played.delivered)


def _check_art(played: Played) -> None:
    (art,) = played.copies("art")
    assert art.name == "sketch art.png"
    [(width, height)] = _sizes([art])
    assert width * height >= HD
    assert "sketch draft-3" in played.reviews[0]


def _check_batch_generate(played: Played) -> None:
    assert played.delivered == ["gear-wheel-flat-icon.png", "home.png", "search.png"]


def _check_batch_process(played: Played) -> None:
    """Results are named like their files, square and on white."""
    assert played.delivered == ["chair.png", "lamp.png", "mug.png"]
    assert {w - h for w, h in _sizes([played.folder / each for each in played.delivered])} == {0}
    assert "2 files" not in played.folder.name
    assert played.facts["charged"] == 15


def _check_compare_models(played: Played) -> None:
    """Price and seconds are in the line of each model."""
    for model, price in (("core", 3), ("sd3.5-large", 6.5), ("ultra", 8)):
        (line,) = [each for each in played.text.splitlines() if each.startswith(f"{model}: ")]
        assert f"({price:g} credits, " in line
        assert line.endswith(" s)")
    assert [each["seconds"] is not None for each in played.facts["results"]] == [True] * 3


def _check_exploration(played: Played) -> None:
    assert "drafts 4: comic-book stormy night" in played.reviews[0]
    assert played.delivered == ["photographic stormy night refined.png"]


def _check_enhance(played: Played) -> None:
    (enhanced,) = played.copies("enhanced")
    assert enhanced.name == "fox enhanced.png"
    assert _sizes([enhanced]) == [(1920, 1440)]


def _check_sequence(played: Played) -> None:
    assert played.delivered == ["frame 1.png", "frame 2.png", "frame 3.png"]
    (animation,) = played.files
    assert animation.name == "animation.webp"
    with Image.open(animation) as moving:
        assert (moving.n_frames, moving.format) == (3, "WEBP")  # type: ignore[attr-defined]
        assert moving.size == (192, 192)


def _check_styles(played: Played) -> None:
    assert [each["output"] for each in played.facts["results"]] == ["comic-book", "ink", "mosaic"]
    names = {each["label"] for each in played.facts["results"]}
    assert names == {"fox comic-book", "fox ink", "fox mosaic"}


def _check_3d(played: Played) -> None:
    names = [each.name for each in played.files]
    assert names == ["globe 3d.glb", "globe_3d.obj", "globe_3d.mtl", "globe_3d_texture.jpg"]
    assert played.files[0].read_bytes().startswith(b"glTF")


def _check_portrait(played: Played) -> None:
    (portrait,) = played.copies("portrait")
    assert portrait.name == "woman enhanced.png"
    [(width, height)] = _sizes([portrait])
    assert width * height >= HD


def _check_shots(played: Played) -> None:
    (archive,) = played.files
    with zipfile.ZipFile(archive) as found:
        pictures = [each for each in found.infolist() if each.filename.endswith(".jpg")]
        names = ["bottle on white.jpg", "cup on white.jpg", "shoe on white.jpg"]
        assert sorted(each.filename for each in pictures) == names
        assert all(each.file_size <= MAX_SHOT_BYTES for each in pictures)
        for each in pictures:
            with found.open(each) as file, Image.open(file) as picture:
                assert picture.width == picture.height


def _check_social(played: Played) -> None:
    assert played.text.startswith("NO API KEY: placeholder drawn")
    sizes = dict(zip((each.stem for each in played.files), _sizes(played.files), strict=True))
    assert sizes == {
        "fox-instagram-square": (1080, 1080),
        "fox 1080x1920-instagram-story": (1080, 1920),
        "fox 1500x500-x-header": (1500, 500),
    }


def _check_spot(played: Played) -> None:
    assert played.delivered == ["sound.wav", "visual 01.png", "visual 02.png", "visual.webp"]
    with Image.open(played.folder / "visual.webp") as moving:
        shown = 0
        for number in range(moving.n_frames):  # type: ignore[attr-defined]
            moving.seek(number)
            moving.load()
            shown += moving.info["duration"]
    assert shown == 4_000
    (sound,) = [each for each in _manifest(played) if each["step"] == "sound"]
    assert sound["length_seconds"] == pytest.approx(4, abs=0.01)


def _check_own_sound(played: Played) -> None:
    assert played.facts["charged"] == 0
    assert played.delivered == ["key visual.png", "sound.wav"]
    assert [each["length_seconds"] for each in _manifest(played)] == [None, pytest.approx(8)]


def _check_storyboard(played: Played) -> None:
    assert played.delivered == ["page.png", "scene 01.png", "scene 02.png"]
    assert "portrait 2: character-2" in played.reviews[0]


def _manifest(played: Played) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((played.folder / "manifest.json").read_bytes())["rows"]
    return rows


CASES: Mapping[str, Case] = {
    "ab_test": Case(
        arguments={
            "prompt": "a poster for a jazz evening, saxophone, night blue",
            "options": [
                {"name": "flat", "parameters": {"style_preset": "line-art"}},
                {"name": "photo", "parameters": {"style_preset": "photographic"}},
            ],
            "to": "poster test",
        },
        pick=["tie"],
        check=_check_ab_test,
    ),
    "art_from_sketch": Case(
        arguments={
            "sketch": "sketch.png",
            "prompt": "a cosy house in the woods, autumn",
            "style_preset": "fantasy-art",
        },
        pick=[2],
        check=_check_art,
    ),
    "batch_generate": Case(
        arguments={
            "prompts": [
                {"id": "home", "prompt": "a house, flat icon"},
                {"id": "search", "prompt": "a magnifying glass, flat icon"},
                "a gear wheel, flat icon",
            ],
            "quality": "draft",
            "to": "icons",
        },
        check=_check_batch_generate,
    ),
    "batch_process": Case(
        arguments={
            "source": "products",
            "steps": [
                {"operation": "remove_background"},
                {
                    "operation": "image_transform",
                    "parameters": {
                        "steps": [
                            {"op": "flatten", "color": "white"},
                            {"op": "pad", "aspect": "1:1", "color": "white"},
                        ]
                    },
                },
            ],
            "to": "shop",
        },
        check=_check_batch_process,
    ),
    "compare_models": Case(
        arguments={
            "prompt": "a lighthouse in a storm, oil painting",
            "models": ["core", "sd3.5-large", "ultra"],
            "aspect_ratio": "16:9",
        },
        check=_check_compare_models,
    ),
    "creative_exploration": Case(
        arguments={
            "prompt": "a lighthouse keeper reading by the window",
            "styles": ["photographic", "comic-book"],
            "moods": ["calm morning light", "stormy night"],
            "to": "exploration",
        },
        pick=[2],
        check=_check_exploration,
    ),
    "enhance_image": Case(
        arguments={"image": "fox.jpg", "target": "hd", "prompt": "a red fox in a meadow"},
        check=_check_enhance,
    ),
    "image_sequence": Case(
        arguments={
            "prompts": [
                "a seed in dark soil, watercolour",
                "a sprout above dark soil, watercolour",
                "a young plant with four leaves, watercolour",
            ],
            "fps": 2,
            "format": "webp",
            "longest": 192,
        },
        check=_check_sequence,
    ),
    "multi_style_transfer": Case(
        arguments={
            "picture": "fox.jpg",
            "prompt": "a red fox in a meadow",
            "styles": ["comic-book", "ink", {"picture": "mosaic.png", "strength": 0.8}],
        },
        check=_check_styles,
    ),
    "photo_to_3d": Case(
        arguments={"photo": "globe.png", "faces": 1_000, "to": "models", "obj": True},
        check=_check_3d,
    ),
    "portrait_enhancement": Case(
        arguments={
            "photo": "woman.jpg",
            "background": "soft grey studio backdrop",
            "crop": "4:5",
            "target": "hd",
        },
        check=_check_portrait,
    ),
    "product_shots": Case(
        arguments={"photos": "shots/*.*", "max_bytes": MAX_SHOT_BYTES, "to": "shop.zip"},
        check=_check_shots,
    ),
    "social_set": Case(
        arguments={
            "picture": "fox.jpg",
            "platforms": ["instagram-square", "instagram-story", "x-header"],
        },
        check=_check_social,
    ),
    "spot_with_music": Case(
        arguments={
            "visuals": ["a mountain lake at dawn, mist", "the lake at noon, a red canoe"],
            "music": "calm ambient, soft piano, 70 BPM",
            "seconds": 4,
        },
        check=_check_spot,
    ),
    "storyboard": Case(
        arguments={
            "title": "The lost balloon",
            "character": "a small round robot, dented copper, one blue eye",
            "style": "ink and watercolour",
            "candidates": 2,
            "scenes": [
                {"prompt": "sits on a roof at dawn", "caption": "Every morning it waited."},
                {"prompt": "sees a red balloon fly past", "says": "Oh!"},
            ],
        },
        pick=[2],
        check=_check_storyboard,
    ),
}

OWN_SOUND = Case(
    arguments={"picture": "fox.jpg", "sound": "hum.wav", "to": "title card"}, check=_check_own_sound
)
"""A spot of what the user has already, for which nothing is sent."""


def test_every_template_has_a_case() -> None:
    """Chosen: a new template is listed here."""
    assert CASES.keys() == all_templates().keys()


@pytest.mark.long(30)
@pytest.mark.parametrize("era", ERAS)
async def test_every_template_runs_to_its_end_within_its_estimate(era: Era, tmp_path: Path) -> None:
    """*Chosen*: files are delivered, and what was charged lies between the planned prices."""
    _write(tmp_path, FILES)
    wrong: list[Exception] = []
    runs: list[Played] = []
    limiter = anyio.CapacityLimiter(CLIENTS)
    async with connected(tmp_path, era, seconds=300, program=forked(SMALL_SERVER)) as client:

        async def run(name: str, case: Case) -> None:
            async with limiter:
                try:
                    runs.append(await _run(client, tmp_path, name, case))
                except Exception as error:  # noqa: BLE001 -- all templates are tried
                    error.add_note(f"template {name}")
                    wrong.append(error)

        async with anyio.create_task_group() as group:
            for name, case in (*CASES.items(), ("spot_with_music", OWN_SOUND)):
                group.start_soon(run, name, case)
        if not wrong:
            (batch,) = [each for each in runs if each.facts["template"] == "batch_process"]
            runs.append(await _second_batch(client, tmp_path, batch))
        spent = text(await client.call_tool("usage_report", {}))
    if wrong:
        raise ExceptionGroup("templates", wrong)

    charges = _charges(tmp_path)
    assert {each.facts["id"]: each.facts["charged"] for each in runs if each.facts["charged"]} == (
        charges
    )
    assert f"total since {spent.partition('total since ')[2][:10]}: {sum(charges.values()):g} " in (
        spent
    )


async def _run(client: Client, folder: Path, name: str, case: Case) -> Played:
    arguments = _located(case.arguments, folder)
    played = await Player(client=client, pick=case.pick).play(name, arguments)
    assert (case.pick is not None) == bool(played.reviews)
    assert_complete(played)
    case.check(played)
    return played


async def _second_batch(client: Client, folder: Path, first: Played) -> Played:
    """Run a batch with one new file, which pays for that file only, and delivers all of them."""
    _write(folder, {LATER: make.photo("a vase", make.SMALL)})
    arguments = _located(CASES["batch_process"].arguments, folder)
    second = await Player(client=client).play("batch_process", arguments)
    assert_complete(second)
    assert second.facts["charged"] == first.facts["charged"] / 3
    assert second.delivered == ["chair.png", "lamp.png", "mug.png", "vase.png"]
    assert sum(each["reused"] for each in second.facts["results"]) == 3
    assert second.folder != first.folder
    return second


def _write(folder: Path, files: Mapping[str, make.Make]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content())


def _located(value: Any, folder: Path) -> Any:  # noqa: ANN401 -- arguments of any shape
    """Return arguments with whole paths in place of names of files."""
    if isinstance(value, Mapping):
        return {name: _located(each, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_located(each, folder) for each in value]
    known = {*FILES, "products", "shots/*.*"}
    return str(folder / value) if isinstance(value, str) and value in known else value


def _charges(folder: Path) -> dict[str, float]:
    """Return the credits in the ledger, by run."""
    (path,) = (folder / "home").rglob("store.db")
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT jobs.run, SUM(charges.credits) FROM charges JOIN jobs ON jobs.id = charges.job "
            "WHERE charges.state = 'charged' GROUP BY jobs.run"
        )
        return {run: millicredits / 1000 for run, millicredits in rows}
