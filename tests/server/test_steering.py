"""Cancel, rerun and adopt jobs, through a real client in both eras."""

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
    """Return the store's folder; tests change its database directly."""
    return folder / "home" / "emulator"


async def _leave_stale_jobs(folder: Path, count: int = 1) -> list[str]:
    """Leave jobs that were queued an hour ago by a process that is gone; return their ids."""
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
async def test_stale_jobs_wait_for_a_decision(era: Era, tmp_path: Path) -> None:
    """Chosen: starting a server does not pay for a batch that was killed the day before."""
    first, second, third = await _leave_stale_jobs(tmp_path, 3)
    async with connected(tmp_path, era) as client:
        fine(await client.call_tool("job_wait", {"jobs": [first], "seconds": 0}))
        before = text(await client.call_tool("media_list", {}))
        cancelled = data(await client.call_tool("job_cancel", {"jobs": [first]}))
        sent = fine(await client.call_tool("job_rerun", {"job": second}))
        left = text(await client.call_tool("media_list", {}))
        rest = fine(await client.call_tool("job_rerun", {"job": "paused"}))
        none = refused(await client.call_tool("job_cancel", {"jobs": "paused"}))

    assert "3 jobs paused (9 credits, not charged): call job_rerun or job_cancel" in before
    assert cancelled["released"] == 3
    assert cancelled["jobs"][0]["said"] == (
        "cancelled before it was sent; not charged, 3 credits released"
    )
    assert cancelled["note"] == "1 of 1 cancelled, not charged; 3 credits released."
    assert "Resumed 1 paused job." in text(sent)
    assert facts(sent)["jobs"][0]["id"] == second
    assert "1 job paused (3 credits, not charged)" in left
    assert facts(rest)["jobs"][0]["id"] == third
    assert "today 6" in text(rest)
    assert "No job is paused." in none


@both_eras
async def test_a_cancelled_job_that_was_sent_keeps_its_result(era: Era, tmp_path: Path) -> None:
    """Documented (the API): a request in flight cannot be stopped; it is charged."""
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
    assert "3 credits charged if it succeeds" in cancelled["jobs"][0]["said"]
    assert cancelled["note"] == (
        "None cancelled: the job was already sent and will be charged if it succeeds."
    )
    assert "cancelled after sending" in listed["jobs"][0]["progress"]
    assert facts(waited)["media"][0]["label"] == "fox"
    assert again["jobs"][0]["said"] == "already finished (done): 3 credits charged"
    assert again["note"] == "None cancelled: the job was already finished."


@both_eras
async def test_a_rerun_gets_a_new_seed(era: Era, tmp_path: Path) -> None:
    """Chosen: the same request with the same seed would give the same picture."""
    async with connected(tmp_path, era) as client:
        first = fine(await client.call_tool("generate_core", {**FOX, "seed": 7}))
        second = fine(await client.call_tool("job_rerun", {"job": "fox"}))
        listed = data(await client.call_tool("job_list", {}))

    [before], [after] = facts(first)["media"], facts(second)["media"]
    assert before["seed"] == "7"
    assert after["seed"] != "7"
    assert after["label"] == "fox v2"
    assert f"Repeats job {before['job']}." in text(second)
    assert "job_rerun: 1 picture, 3 credits" in text(second)
    assert len(listed["jobs"]) == 2


@both_eras
async def test_a_rerun_with_changes_keeps_the_seed(era: Era, tmp_path: Path) -> None:
    """Chosen: only the changed arguments differ."""
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
    assert f"Repeats job {before['job']} with a different prompt." in text(kept)
    assert facts(seeded)["media"][0]["seed"] == "5"
    assert "prompt" in refused(wrong)
    assert "Nothing was charged." in refused(wrong)


async def test_an_edit_is_rerun_from_its_own_inputs(tmp_path: Path) -> None:
    """Chosen: rerunning an operation without a seed is paid, not answered from the cache."""
    async with connected(tmp_path) as client:
        fine(await client.call_tool("generate_core", FOX))
        cut = fine(await client.call_tool("edit_remove_background", {"image": "fox"}))
        again = fine(await client.call_tool("job_rerun", {"job": facts(cut)["media"][0]["id"]}))
        listed = data(await client.call_tool("job_list", {}))

    assert facts(again)["media"][0]["operation"] == "edit_remove_background"
    assert len(listed["jobs"]) == 3


async def test_an_unknown_name_is_neither_job_nor_media(tmp_path: Path) -> None:
    """Chosen: the error covers jobs as well as media, since a job may have been meant."""
    async with connected(tmp_path) as client:
        refusal = refused(await client.call_tool("job_rerun", {"job": "nothere123"}))

    assert refusal.startswith('There is no job or media "nothere123". Nothing was charged.')
    assert "job_list" in refusal


async def test_an_unfinished_job_is_not_rerun(tmp_path: Path) -> None:
    """Chosen: its result is still coming, so a rerun would pay twice."""
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
    """Chosen: the first may have been charged, and still counts as spent."""
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
    assert "may have been charged as well; its 3 credits still count as spent" in text(accepted)
    assert "today 6" in text(accepted)


@both_eras
async def test_a_missing_generation_is_explained(era: Era, tmp_path: Path) -> None:
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


async def test_a_generation_started_elsewhere_is_fetched_free(tmp_path: Path) -> None:
    """Documented (the API): the key that paid can fetch a result any number of times."""
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
    assert f"This generation is already known here as job {job}; not charged again." in text(known)
    assert facts(adopted)["media"][0]["label"] == f"adopted-{generation[:8]}"
    assert facts(adopted)["media"][0]["job"] != job
    assert "Not charged here: the program that started the generation paid for it." in text(adopted)
    assert (adopted.meta or {})["cost"] == {"credits": 0, "usd": 0}


async def test_expert_tools_are_off_by_default(tmp_path: Path) -> None:
    """Chosen: every conversation pays for the tokens of each listed tool."""
    async with connected(tmp_path) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}

    assert {"job_cancel", "job_rerun", "usage_report"} <= names
    assert "job_adopt" not in names
