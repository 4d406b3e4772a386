"""Blocked and flagged terms, refusals by moderation, and the audit log."""

from pathlib import Path

import pytest

from stability_mcp.cli.ledger import run_audit
from support.server.in_memory import (
    Era,
    both_eras,
    connected,
    data,
    facts,
    fine,
    refused,
    settings_in,
    text,
)

pytestmark = pytest.mark.anyio

CORE = "generate_core"


@both_eras
async def test_a_blocked_term_is_never_sent(era: Era, tmp_path: Path) -> None:
    """Chosen: whole words, ignoring case and accents; a negative prompt may contain them."""
    terms = tmp_path / "blocked.txt"
    terms.write_text("# a list\ncafé noir\nbrand\n", encoding="utf-8")
    async with connected(tmp_path, era, blocked_terms=terms) as client:
        error = refused(await client.call_tool(CORE, {"prompt": "a Cafe-NOIR by night"}))
        fine(await client.call_tool(CORE, {"prompt": "brandy", "negative_prompt": "brand"}))
        jobs = data(await client.call_tool("job_list", {}))["jobs"]

    assert (
        'Not sent: prompt contains "café noir", which this server blocks. Nothing was charged.'
        in error
    )
    assert len(jobs) == 1


@both_eras
async def test_a_flagged_term_is_sent_with_a_note(era: Era, tmp_path: Path) -> None:
    """Chosen: the answer and the audit log say so."""
    terms = tmp_path / "warned.txt"
    terms.write_text("blood\n", encoding="utf-8")
    async with connected(tmp_path, era, warn_terms=terms) as client:
        result = fine(await client.call_tool(CORE, {"prompt": "a blood moon"}))

    assert (
        'note: prompt contains "blood", which this server flags; the request was still sent'
        in text(result)
    )


async def test_a_missing_list_of_terms_stops_every_call(tmp_path: Path) -> None:
    """Chosen: the check fails closed, and the error names the setting."""
    async with connected(tmp_path, blocked_terms=tmp_path / "none.txt") as client:
        error = refused(await client.call_tool(CORE, {"prompt": "a fox"}))

    assert " in STABILITY_BLOCKED_TERMS cannot be used: " in error


@both_eras
async def test_a_request_refused_by_moderation_is_not_sent_again(era: Era, tmp_path: Path) -> None:
    """Chosen: for an hour, regardless of the seed; other prompts and operations are sent."""
    prompt = {"prompt": "a fox, emulate moderation"}
    async with connected(tmp_path, era) as client:
        first = refused(await client.call_tool(CORE, prompt))
        second = refused(await client.call_tool(CORE, {**prompt, "seed": 7}))
        jobs = data(await client.call_tool("job_list", {}))["jobs"]
        fine(await client.call_tool(CORE, {"prompt": "a fox"}))
        other = refused(await client.call_tool("generate_ultra", prompt))

    assert "Change prompt" in first
    assert "Not sent: moderation refused this exact request at" in second
    assert "Nothing was charged." in second
    assert len(jobs) == 1
    assert "Not sent" not in other


async def test_a_filtered_picture_is_charged_and_says_so(tmp_path: Path) -> None:
    """Documented: CONTENT_FILTERED is a charged 200 with a blurred picture, not a refusal."""
    async with connected(tmp_path) as client:
        result = fine(await client.call_tool(CORE, {"prompt": "a fox, emulate filter"}))

    assert "FILTERED (blurred by the API's moderation, charged)" in text(result)
    assert facts(result)["filtered"] is True


async def test_the_audit_log_lists_refusals_without_prompts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chosen: `stability-mcp log --audit`, newest last."""
    terms = tmp_path / "terms.txt"
    terms.write_text("brand\n", encoding="utf-8")
    chosen = {"blocked_terms": terms}
    prompt = {"prompt": "secret words, emulate moderation"}
    async with connected(tmp_path, blocked_terms=terms) as client:
        refused(await client.call_tool(CORE, {"prompt": "secret brand"}))
        refused(await client.call_tool(CORE, prompt))
        refused(await client.call_tool(CORE, prompt))

    await run_audit(settings_in(tmp_path, chosen), 20)

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["blocked", "moderated", "repeated"]
    assert "secret" not in "".join(lines)
