"""An upscaled picture keeps its transparency, however and whenever its result is collected."""

import signal
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import FileUnusableError
from stability_mcp.server.tasks import job_tasks
from stability_mcp.studio import combining
from support.server.in_memory import (
    Era,
    Gate,
    both_eras,
    connected,
    data,
    facts,
    fine,
    refused,
    text,
)
from support.server.tasks import TasksExtension, start_task, task_result, wait_for_task

pytestmark = pytest.mark.anyio

SIZE = (128, 96)
UPSCALERS = sorted(name for name, row in OPERATIONS.items() if row.enlarges)


def logo(folder: Path, *, hidden: str = "black", name: str = "logo.png") -> str:
    """Write an orange disc on transparency and return its name."""
    disc(SIZE, hidden).save(folder / name)
    return name


def disc(size: tuple[int, int], hidden: str = "black") -> Image.Image:
    """Draw an orange disc on transparency."""
    picture = Image.new("RGBA", size, hidden)
    picture.putalpha(0)
    width, height = size
    box = (width // 4, height // 4, width * 3 // 4, height * 3 // 4)
    ImageDraw.Draw(picture).ellipse(box, fill=(220, 120, 20, 255))
    return picture


def given(name: str, image: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    """Return the arguments of an upscaler."""
    prompt = {"prompt": "a disc"} if "prompt" in OPERATIONS[name].model_fields else {}
    return {"image": image, **prompt, **more}


def check_disc(item: dict[str, Any]) -> None:
    """Check that a result is the disc, enlarged, on transparency."""
    with Image.open(item["path"]) as picture:
        alpha = picture.getchannel("A")
        wanted = disc(picture.size).getchannel("A")
    difference = ImageStat.Stat(ImageChops.difference(alpha, wanted)).mean[0]
    assert difference < 5
    assert alpha.getextrema() == (0, 255)


@both_eras
@pytest.mark.parametrize("name", UPSCALERS)
async def test_every_upscaler_returns_the_picture_with_its_transparency(
    era: Era, name: str, tmp_path: Path
) -> None:
    """*Gap*: whether the API keeps transparency isn't documented, so only the colours are sent."""
    asked = given(name, logo(tmp_path), label="big")
    async with connected(tmp_path, era) as client:
        made = fine(await client.call_tool(name, asked))
        if not facts(made)["media"]:
            made = fine(await client.call_tool("job_wait", {"seconds": 50}))
        meant = fine(await client.call_tool("media_show", {"media": ["big"]}))

    combined, paid = facts(made)["media"]
    check_disc(combined)
    with Image.open(paid["path"]) as opaque:
        assert "A" not in opaque.getbands()
        assert opaque.size == (combined["width"], combined["height"])
    assert f"transparency: {combined['label']} is {paid['label']} with the transparency" in text(
        made
    )
    assert "sent without its transparency" in text(made)
    assert facts(meant)["media"][0]["id"] == combined["id"]
    assert (made.meta or {})["cost"]["credits"] == OPERATIONS[name].price_range()[0] / 1000


async def test_what_is_sent_has_the_colours_of_the_visible_pixels(tmp_path: Path) -> None:
    """*Chosen*: the hidden ones are arbitrary; here they are green."""
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool("upscale_fast", given("upscale_fast", logo(tmp_path))))
        again = logo(tmp_path, hidden="lime", name="other.png")
        other = fine(await client.call_tool("upscale_fast", given("upscale_fast", again)))

    [sent], [sent_again] = facts(made)["sent"], facts(other)["sent"]
    assert (sent["width"], sent["height"]) == SIZE
    assert "Cached result" in text(other)  # exactly the same bytes were sent
    assert sent["uri"] != sent_again["uri"]  # with another parent
    with Image.open(facts(made)["media"][1]["path"]) as opaque:
        assert opaque.getpixel((2, 2))[0] > 180  # type: ignore[index]  # RGB


async def test_a_cached_result_gets_the_transparency_of_this_call(tmp_path: Path) -> None:
    """*Chosen*: pictures that differ only in their transparency are sent as the same bytes."""
    for name, box in (("left.png", (0, 0, 64, 96)), ("right.png", (64, 0, 128, 96))):
        picture = Image.new("RGBA", SIZE, (255, 0, 255, 0))
        picture.paste((255, 0, 255, 255), box)
        picture.save(tmp_path / name)
    async with connected(tmp_path) as client:
        left, right = [
            fine(await client.call_tool("upscale_fast", {"image": name, "label": name[:-4]}))
            for name in ("left.png", "right.png")
        ]

    assert "Cached result" in text(right)
    for answer, visible in ((left, 0.1), (right, 0.9)):
        combined = facts(answer)["media"][0]
        with Image.open(combined["path"]) as picture:
            alpha, (width, height) = picture.getchannel("A"), picture.size
            assert alpha.getpixel((round(width * visible), height // 2)) == 255
            assert alpha.getpixel((round(width * (1 - visible)), height // 2)) == 0
    assert "right v3 is right v2 with the transparency of" in text(right)


async def test_parents_are_the_paid_result_and_the_original(tmp_path: Path) -> None:
    """*Chosen*: the lineage shows both, and a rerun repeats the paid job."""
    asked = given("upscale_creative", logo(tmp_path), label="big")
    async with connected(tmp_path) as client:
        fine(await client.call_tool("upscale_creative", asked))
        made = fine(await client.call_tool("job_wait", {"seconds": 50}))
        if not facts(made)["media"]:
            made = fine(await client.call_tool("upscale_creative", asked))
        shown = fine(await client.call_tool("media_show", {"media": ["big"]}))
        again = fine(await client.call_tool("job_rerun", {"job": "big", "confirm_spend": 60}))
        if not facts(again)["media"]:
            again = fine(await client.call_tool("job_wait", {"seconds": 50}))

    assert 'upscale_creative: prompt "a disc", image "logo"' in text(shown)
    combined, paid = facts(again)["media"]
    check_disc(combined)
    assert paid["label"] != combined["label"]


@pytest.mark.parametrize("form", ["png", "webp"])
async def test_the_combined_picture_is_made_once(form: str, tmp_path: Path) -> None:
    """*Chosen*: the same call costs nothing and adds nothing."""
    asked = given("upscale_fast", logo(tmp_path), output_format=form)
    async with connected(tmp_path) as client:
        first = fine(await client.call_tool("upscale_fast", asked))
        second = fine(await client.call_tool("upscale_fast", asked))
        jobs = [job["id"] for job in facts(second)["jobs"]]
        third = fine(await client.call_tool("job_wait", {"jobs": jobs}))

    ids = [[item["id"] for item in facts(each)["media"]] for each in (first, second, third)]
    assert ids[0] == ids[1] == ids[2]
    assert len(ids[0]) == 2
    check_disc(facts(first)["media"][0])


async def test_a_jpeg_is_made_of_the_picture_on_white(tmp_path: Path) -> None:
    """*Chosen*: the format has no transparency, and white is what most viewers show."""
    asked = given("upscale_fast", logo(tmp_path), output_format="jpeg")
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool("upscale_fast", asked))

    [item] = facts(made)["media"]
    assert "put on white: the result's format has no transparency" in text(made)
    with Image.open(item["path"]) as picture:
        assert min(picture.getpixel((picture.width - 4, 4))) > 245  # type: ignore[arg-type]  # RGB


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
async def test_an_opaque_picture_is_sent_unchanged(mode: str, tmp_path: Path) -> None:
    """*Chosen*: an alpha channel without a transparent pixel changes nothing."""
    Image.new(mode, SIZE, "teal").save(tmp_path / "wall.png")
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool("upscale_fast", {"image": "wall.png"}))

    assert len(facts(made)["media"]) == 1
    assert "transparency" not in text(made)


async def test_variants_each_get_their_transparency(tmp_path: Path) -> None:
    """*Chosen*: they are a series of their own, which the label then means."""
    asked = given("upscale_conservative", logo(tmp_path), label="big", count=2, confirm_spend=80)
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool("upscale_conservative", asked))

    labels = [item["label"] for item in facts(made)["media"]]
    assert labels == ["big v2-1", "big-1", "big v2-2", "big-2"]


async def test_a_new_label_for_a_cached_result_means_the_transparent_one(tmp_path: Path) -> None:
    """*Chosen*: the label was asked for the picture, not for its opaque intermediate."""
    image = logo(tmp_path)
    async with connected(tmp_path) as client:
        fine(await client.call_tool("upscale_fast", {"image": image, "label": "big"}))
        again = fine(await client.call_tool("upscale_fast", {"image": image, "label": "huge"}))
        meant = fine(await client.call_tool("media_show", {"media": ["huge"]}))

    combined, paid = facts(again)["media"]
    assert f"{combined['label']} is {paid['label']} with the transparency" in text(again)
    assert facts(meant)["media"][0]["id"] == combined["id"]


async def test_a_task_returns_the_picture_with_its_transparency(tmp_path: Path) -> None:
    """*Chosen*: a client that takes the result later gets the same."""
    gate = Gate()
    carriers = [job_tasks.JobTasks(frozenset({"upscale_creative"}), grace=0)]
    asked = given("upscale_creative", logo(tmp_path), confirm_spend=60)
    async with connected(
        tmp_path, gate=gate, carriers=carriers, extensions=[TasksExtension()]
    ) as client:
        task = await start_task(client, "upscale_creative", asked)
        gate.open()
        last = await wait_for_task(client, task.task_id)

    combined, _ = facts(fine(task_result(last)))["media"]
    check_disc(combined)


async def test_a_failure_keeps_the_paid_result_and_is_made_good_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: local work never fails a paid call."""

    def fails(*_: object) -> bool:
        raise FileUnusableError("The picture is damaged.")

    async with connected(tmp_path) as client:
        with monkeypatch.context() as broken:
            broken.setattr(combining, "put_alpha", fails)
            made = fine(await client.call_tool("upscale_fast", {"image": logo(tmp_path)}))
        jobs = [job["id"] for job in facts(made)["jobs"]]
        later = fine(await client.call_tool("job_wait", {"jobs": jobs}))

    [paid] = facts(made)["media"]
    assert f"transparency: not put back into {paid['label']}: The picture is damaged." in text(made)
    combined, same = facts(later)["media"]
    assert same["id"] == paid["id"]
    check_disc(combined)


async def test_a_kill_between_the_paid_result_and_the_combination_loses_nothing(
    tmp_path: Path,
) -> None:
    """*Chosen*: the next process makes it, and an identical call is charged once."""
    asked = {"image": logo(tmp_path), "label": "big"}
    command = [sys.executable, "-m", "support.server.killed_combination", str(tmp_path)]
    killed = await anyio.run_process(command, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()

    async with connected(tmp_path) as client:
        before = data(await client.call_tool("media_list", {}))["media"]
        joined = fine(await client.call_tool("upscale_fast", asked))
        waited = fine(
            await client.call_tool("job_wait", {"jobs": [facts(joined)["jobs"][0]["id"]]})
        )
        jobs = data(await client.call_tool("job_list", {}))["jobs"]

    assert len(before) == 2  # the original and the paid result
    assert len(jobs) == 1
    assert "charged once" in text(joined)
    combined, paid = facts(joined)["media"]
    assert paid["id"] in {each["id"] for each in before}
    check_disc(combined)
    assert [each["id"] for each in facts(waited)["media"]] == [combined["id"], paid["id"]]


@pytest.mark.parametrize("name", UPSCALERS)
async def test_a_picture_without_a_visible_pixel_is_refused_before_it_is_paid(
    name: str, tmp_path: Path
) -> None:
    """*Chosen*: the result would be as empty as the picture."""
    Image.new("RGBA", SIZE, (200, 30, 30, 0)).save(tmp_path / "empty.png")
    async with connected(tmp_path) as client:
        error = refused(await client.call_tool(name, given(name, "empty.png")))
        listed = data(await client.call_tool("job_list", {}))

    assert "image: Every pixel of the picture is transparent" in error
    assert "Nothing was charged." in error
    assert listed["jobs"] == []
