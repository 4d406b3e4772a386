"""Cancel, make anew, take over, through a real client in both eras."""

from pathlib import Path

import pytest

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
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio

FOX = {"prompt": "a fox", "label": "fox"}


def _home(folder: Path) -> Path:
    """Return the folder of the store, which is written behind the server's back."""
    return folder / "home" / "emulator"


async def _left_for_long(folder: Path, count: int = 1) -> list[str]:
    """Leave jobs that were queued an hour ago, and no program alive; return their ids."""
    async with connected(folder) as client:
        made = [
            fine(await client.call_tool("generate_core", {"prompt": f"a fox {n}"}))
            for n in range(count)
        ]
    change(_home(folder), "DELETE FROM media")
    change(
        _home(folder),
        "UPDATE jobs SET state = 'queued', process = NULL, finished_at = NULL,"
        " charged = 'reserved', created_at = created_at - 3600",
    )
    change(_home(folder), "UPDATE spending SET reserved = spent, spent = 0")
    return [facts(each)["jobs"][0]["id"] for each in made]


@both_eras
async def test_what_nobody_may_want_any_more_waits_for_a_word(era: Era, tmp_path: Path) -> None:
    """Chosen: a batch killed in the evening is not paid by whoever starts in the morning."""
    first, second, third = await _left_for_long(tmp_path, 3)
    async with connected(tmp_path, era) as client:
        fine(await client.call_tool("job_wait", {"jobs": [first], "seconds": 0}))
        told = text(await client.call_tool("media_list", {}))
        cancelled = data(await client.call_tool("job_cancel", {"jobs": [first]}))
        sent = fine(await client.call_tool("job_rerun", {"job": second}))
        left = text(await client.call_tool("media_list", {}))
        rest = fine(await client.call_tool("job_rerun", {"job": "paused"}))
        none = refused(await client.call_tool("job_cancel", {"jobs": "paused"}))

    assert "3 jobs paused (9 credits, not charged): call job_rerun or job_cancel" in told
    assert cancelled["released"] == 3
    assert cancelled["jobs"][0]["said"] == "never sent; nothing charged, 3 credits given back"
    assert "1 paused job goes on" in text(sent)
    assert facts(sent)["jobs"][0]["id"] == second
    assert "1 job paused (3 credits, not charged)" in left
    assert facts(rest)["jobs"][0]["id"] == third
    assert "today 6" in text(rest)
    assert "No job is paused." in none


@both_eras
async def test_what_was_sent_is_kept_though_it_was_cancelled(era: Era, tmp_path: Path) -> None:
    """Documented (the API): a request that is out cannot be stopped; it is charged."""
    gate = Gate()
    async with connected(tmp_path, era, gate=gate, wait=0) as client:
        made = fine(await client.call_tool("generate_core", FOX))
        [job] = [each["id"] for each in facts(made)["jobs"]]
        while data(await client.call_tool("job_list", {}))["jobs"][0]["state"] == "queued":
            pass
        cancelled = data(await client.call_tool("job_cancel", {"jobs": job}))
        listed = data(await client.call_tool("job_list", {}))
        gate.open()
        waited = fine(await client.call_tool("job_wait", {"jobs": [job], "seconds": 20}))
        again = data(await client.call_tool("job_cancel", {"jobs": [job]}))

    assert cancelled["jobs"][0]["outcome"] == "sent"
    assert "3 credits are charged if it succeeds" in cancelled["jobs"][0]["said"]
    assert "cancelled after sending" in listed["jobs"][0]["progress"]
    assert facts(waited)["media"][0]["label"] == "fox"
    assert again["jobs"][0]["said"] == "had ended before (done): 3 credits were charged"


@both_eras
async def test_a_result_is_made_anew_with_a_fresh_seed(era: Era, tmp_path: Path) -> None:
    """Chosen: the very same request with its seed would give the very same picture."""
    async with connected(tmp_path, era) as client:
        first = fine(await client.call_tool("generate_core", {**FOX, "seed": 7}))
        second = fine(await client.call_tool("job_rerun", {"job": "fox"}))
        listed = data(await client.call_tool("job_list", {}))

    [before], [after] = facts(first)["media"], facts(second)["media"]
    assert before["seed"] == "7"
    assert after["seed"] != "7"
    assert after["label"] == "fox-2"
    assert f"repeats job {before['job']}" in text(second)
    assert "job_rerun: 1 picture, 3 credits" in text(second)
    assert len(listed["jobs"]) == 2


@both_eras
async def test_what_is_changed_keeps_the_seed(era: Era, tmp_path: Path) -> None:
    """Chosen: so that only what was changed differs."""
    async with connected(tmp_path, era) as client:
        first = fine(await client.call_tool("generate_core", FOX))
        [before] = facts(first)["media"]
        changes = {"prompt": "a fox at night"}
        kept = fine(await client.call_tool("job_rerun", {"job": before["job"], "changes": changes}))
        seeded = fine(
            await client.call_tool(
                "job_rerun", {"job": before["id"], "changes": {**changes, "seed": 5}}
            )
        )
        wrong = await client.call_tool("job_rerun", {"job": "fox", "changes": {"promt": "x"}})

    assert facts(kept)["media"][0]["seed"] == before["seed"]
    assert f"seed: {before['seed']} as before" in text(kept)
    assert facts(seeded)["media"][0]["seed"] == "5"
    assert "prompt" in refused(wrong)
    assert "Nothing was charged." in refused(wrong)


async def test_an_edit_is_made_anew_from_its_own_inputs(tmp_path: Path) -> None:
    """Chosen: an operation without a seed is paid again when it is asked for again."""
    async with connected(tmp_path) as client:
        fine(await client.call_tool("generate_core", FOX))
        cut = fine(await client.call_tool("edit_remove_background", {"image": "fox"}))
        again = fine(await client.call_tool("job_rerun", {"job": facts(cut)["media"][0]["id"]}))
        listed = data(await client.call_tool("job_list", {}))

    assert facts(again)["media"][0]["operation"] == "edit_remove_background"
    assert len(listed["jobs"]) == 3


async def test_what_is_neither_job_nor_media_is_told_as_that(tmp_path: Path) -> None:
    """Chosen: whoever named a job is not told of media alone, nor of where those are."""
    async with connected(tmp_path) as client:
        told = refused(await client.call_tool("job_rerun", {"job": "nothere123"}))

    assert told.startswith('There is no job and no media "nothere123". Nothing was charged.')
    assert "job_list" in told


async def test_a_job_under_way_is_not_made_anew(tmp_path: Path) -> None:
    """Chosen: who asks has forgotten that it is coming."""
    gate = Gate()
    async with connected(tmp_path, gate=gate, wait=0) as client:
        made = fine(await client.call_tool("generate_core", FOX))
        [job] = [each["id"] for each in facts(made)["jobs"]]
        result = await client.call_tool("job_rerun", {"job": job})
        gate.open()

    assert "job_wait" in refused(result)
    assert "Nothing was charged." in refused(result)


@both_eras
async def test_an_unknown_job_is_repeated_only_when_the_user_accepts_it(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: the first may have been charged, and goes on counting as spent."""
    async with connected(tmp_path, era) as client:
        made = fine(await client.call_tool("generate_core", FOX))
        job = facts(made)["media"][0]["job"]
        change(_home(tmp_path), "UPDATE jobs SET state = 'unknown', charged = 'assumed'")
        change(_home(tmp_path), "UPDATE charges SET state = 'assumed'")
        asked = refused(await client.call_tool("job_rerun", {"job": job}))
        accepted = fine(
            await client.call_tool("job_rerun", {"job": job, "accept_double_charge": True})
        )

    assert "It may have been charged, and counts as spent." in asked
    assert "accept_double_charge true" in asked
    assert "may have been charged as well; its 3 credits count as spent" in text(accepted)
    assert "today 6" in text(accepted)


@both_eras
async def test_a_generation_that_is_gone_is_told_in_words(era: Era, tmp_path: Path) -> None:
    """Documented: 404 for an unknown id, another key's, or one older than 24 hours."""
    async with connected(tmp_path, era, toolsets=("default", "expert")) as client:
        result = await client.call_tool(
            "job_adopt", {"generation": "f" * 64, "operation": "upscale_creative"}
        )
        wrong = await client.call_tool(
            "job_adopt", {"generation": "f" * 64, "operation": "generate_core"}
        )

    assert "The API has no such generation for this key" in refused(result)
    assert "Nothing was charged." in refused(result)
    assert "upscale_creative" in refused(wrong)


async def test_a_generation_started_elsewhere_is_fetched_for_nothing(tmp_path: Path) -> None:
    """Documented (the API): results are handed out again and again to the key that paid."""
    async with connected(tmp_path, toolsets=("default", "expert")) as client:
        fine(await client.call_tool("generate_core", FOX))
        made = fine(
            await client.call_tool(
                "upscale_creative", {"image": "fox", "prompt": "a fox", "confirm_spend": 100}
            )
        )
        job = facts(made)["media"][0]["job"]
        [(generation,)] = rows(_home(tmp_path), "SELECT generation FROM jobs WHERE id = ?", job)
        known = fine(
            await client.call_tool(
                "job_adopt", {"generation": generation, "operation": "upscale_creative"}
            )
        )
        change(_home(tmp_path), "UPDATE jobs SET generation = NULL WHERE id = ?", job)
        adopted = fine(
            await client.call_tool(
                "job_adopt", {"generation": generation, "operation": "upscale_creative"}
            )
        )

    assert facts(known)["media"][0]["job"] == job
    assert "nothing more is charged" in text(known)
    assert facts(adopted)["media"][0]["label"] == f"adopted-{generation[:8]}"
    assert facts(adopted)["media"][0]["job"] != job
    assert "charged here: nothing" in text(adopted)
    assert (adopted.meta or {})["cost"] == {"credits": 0, "usd": 0}


async def test_the_expert_tools_are_off_unless_asked_for(tmp_path: Path) -> None:
    """Chosen: tokens are paid in every conversation."""
    async with connected(tmp_path) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}

    assert {"job_cancel", "job_rerun", "usage_report"} <= names
    assert "job_adopt" not in names
