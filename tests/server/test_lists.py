"""Lists answer which one, when and how much; played through a client."""

import re
from pathlib import Path

import pytest

from support.imaging.sample_files import png
from support.server.in_memory import Era, both_eras, connected, data, facts, fine, refused, text
from support.store.rows import change

pytestmark = pytest.mark.anyio

LONG = "a very long prompt about a lighthouse at dusk with gulls, rain and one lamp that flickers"
NAMES = re.compile(r"media://\w{10}")
FROM = re.compile(r"  from (\S+)")


@both_eras
async def test_lists_show_prompt_credits_date_parents_and_label(era: Era, tmp_path: Path) -> None:
    """Chosen: the prompt is cut to 60 characters; `_meta` has all of it."""
    async with connected(tmp_path, era) as client:
        fine(await client.call_tool("generate_core", {"prompt": LONG, "label": "tower"}))
        fine(await client.call_tool("edit_remove_background", {"image": "tower"}))
        media = fine(await client.call_tool("media_list", {}))
        jobs = fine(await client.call_tool("job_list", {}))
        report = fine(await client.call_tool("usage_report", {"by": "job"}))
        requests = fine(await client.call_tool("usage_report", {"by": "request"}))

    for lines in (text(each).splitlines() for each in (media, jobs, report, requests)):
        [edit] = [line for line in lines if "edit_remove_background" in line]
        [made] = [line for line in lines if "generate_core" in line]
        assert re.search(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d", edit)
        assert "5 credits charged" in edit
        assert "  from tower" in edit
        assert f'"{LONG[:59]}…"' in made
        assert "tower" in made
        assert NAMES.search(made)
    cut, tower = facts(media)["media"]
    assert cut["parents"] == facts(jobs)["jobs"][0]["parents"] == [tower["uri"]]
    assert (tower["prompt"], tower["credits"], tower["charged"]) == (LONG, 3, "charged")
    lines = facts(report)["lines"]
    assert lines[0]["parents"] == [tower["uri"]]
    assert lines[1]["results"] == [tower["uri"]]
    assert lines[1]["prompt"] == LONG


async def test_every_reference_in_a_list_is_accepted_by_tools_that_take_media(
    tmp_path: Path,
) -> None:
    """Chosen: label, URI and id of an item, and the names of what it was made from."""
    (tmp_path / "photo.png").write_bytes(png((1024, 3000)))  # fitted before it is sent
    async with connected(tmp_path) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "count": 2}))
        fine(await client.call_tool("upscale_fast", {"image": str(tmp_path / "photo.png")}))
        fine(await client.call_tool("edit_remove_background", {"image": "fox-1"}))
        media = fine(await client.call_tool("media_list", {}))
        jobs = fine(await client.call_tool("job_list", {}))
        report = fine(await client.call_tool("usage_report", {"by": "job"}))
        shown = "\n".join(text(each) for each in (media, jobs, report))
        names = {*NAMES.findall(shown), *FROM.findall(shown)}
        for item in facts(media)["media"]:
            names |= {item["id"], item["uri"], item["label"], *item["parents"]}
        assert len(names) >= 12
        for name in sorted(names):
            fine(await client.call_tool("media_show", {"media": name}))
            fine(await client.call_tool("upscale_fast", {"image": name}))


async def test_a_parent_is_the_original_not_the_fitted_copy(tmp_path: Path) -> None:
    """Chosen: the user knows the picture that was passed, not the copy that was sent."""
    (tmp_path / "photo.png").write_bytes(png((1024, 3000)))
    async with connected(tmp_path) as client:
        fine(await client.call_tool("upscale_fast", {"image": str(tmp_path / "photo.png")}))
        result, photo = facts(fine(await client.call_tool("media_list", {})))["media"]
        [job] = facts(fine(await client.call_tool("job_list", {})))["jobs"]

    assert photo["origin"] == "imported"
    assert "credits" not in photo
    assert result["parents"] == job["parents"] == [photo["uri"]]


@both_eras
async def test_lists_are_filtered_by_time_and_operation(era: Era, tmp_path: Path) -> None:
    """Chosen: since and until everywhere, operation where there are jobs."""
    async with connected(tmp_path, era) as client:
        fine(await client.call_tool("generate_core", {"prompt": "a fox", "label": "old"}))
        week = "UPDATE {} SET {} = {} - 7 * 86400"
        for table, column in (("media", "created_at"), ("jobs", "created_at"), ("charges", "at")):
            change(tmp_path / "home" / "emulator", week.format(table, column, column))
        change(tmp_path / "home" / "emulator", "UPDATE charges SET day = date(at, 'unixepoch')")
        fine(await client.call_tool("upscale_fast", {"image": "old", "label": "new"}))

        async def listed(**period: str) -> tuple[list[str], list[str], float]:
            media = facts(fine(await client.call_tool("media_list", period)))["media"]
            jobs = facts(fine(await client.call_tool("job_list", period)))["jobs"]
            report = {**period, "format": "data"}
            usage = data(await client.call_tool("usage_report", report))
            return (
                [each["label"] for each in media],
                [each["operation"] for each in jobs],
                usage["total"]["credits"],
            )

        core, fast = "generate_core", "upscale_fast"
        assert await listed() == (["new", "old"], [fast, core], 5)
        assert await listed(since="3d") == (["new"], [fast], 2)
        assert await listed(since="2h", until="now") == (["new"], [fast], 2)
        assert await listed(until="3d") == (["old"], [core], 3)
        assert await listed(until="yesterday") == (["old"], [core], 3)
        assert await listed(since="10d", until="5d") == (["old"], [core], 3)
        assert await listed(since="2w", until="today") == (["new", "old"], [fast, core], 5)
        assert await listed(since="6d", until="2d") == ([], [], 0)

        for operation in (core, fast):
            found = facts(fine(await client.call_tool("job_list", {"operation": operation})))
            assert [each["operation"] for each in found["jobs"]] == [operation]
        both = {"operation": core, "since": "2d"}
        assert facts(fine(await client.call_tool("job_list", both)))["jobs"] == []


@pytest.mark.parametrize("tool", ["media_list", "job_list", "usage_report"])
@pytest.mark.parametrize("argument", ["since", "until"])
async def test_an_invalid_time_is_refused_with_what_is_accepted(
    tool: str, argument: str, tmp_path: Path
) -> None:
    """Chosen: an ignored filter would show the wrong list."""
    async with connected(tmp_path) as client:
        why = refused(await client.call_tool(tool, {argument: "last tuesday"}))

    assert f'{argument} "last tuesday" isn\'t a time.' in why
    assert "2026-11-22T14:00, today, yesterday, or a time ago: 30min, 2h, 3d, 1w." in why


async def test_an_unknown_operation_is_refused_with_the_right_name(tmp_path: Path) -> None:
    """Chosen: an empty list would look like an answer."""
    async with connected(tmp_path) as client:
        why = refused(await client.call_tool("job_list", {"operation": "generate_cor"}))

    assert 'Did you mean "generate_core"' in why


async def test_the_report_names_its_period(tmp_path: Path) -> None:
    """Chosen: days as days, other times with the minute."""
    async with connected(tmp_path) as client:
        days = {"since": "2026-01-02", "until": "2026-01-05"}
        times = {"since": "2026-01-02T10:00", "until": "2026-01-05T11:30"}
        by_day = fine(await client.call_tool("usage_report", days))
        by_time = fine(await client.call_tool("usage_report", times))
        back = fine(await client.call_tool("usage_report", {"until": "2026-01-05", "days": 3}))

    assert "(no real charge) 2026-01-02 to 2026-01-05;" in text(by_day)
    assert "(no real charge) 2026-01-02 10:00 to 2026-01-05 11:30;" in text(by_time)
    assert "(no real charge) 2026-01-03 to 2026-01-05;" in text(back)


async def test_answers_do_not_call_the_server_process_a_session(tmp_path: Path) -> None:
    """Chosen: for users a session is a conversation."""
    async with connected(tmp_path) as client:
        made = fine(await client.call_tool("generate_core", {"prompt": "a fox"}))
        tools = (await client.list_tools()).tools
        status = fine(await client.call_tool("server_status", {}))

    for shown in (text(made), text(status), *(each.model_dump_json() for each in tools)):
        assert "session" not in shown.casefold()
    assert "(today 3, 3 since this server started)" in text(made)
