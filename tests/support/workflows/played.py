"""Plays a template as an agent does: plan, run, show the sheet, pick, wait, until it is done."""

import io
import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import CallToolResult, ImageContent
from PIL import Image

from support.server.host import text

MAX_ANSWER_BYTES = 20_000
"""Of an answer without its picture, as the client gets it."""
MAX_CALLS = 12
"""Calls until a run is done. *Chosen*: more than a start, two picks and waits need."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """A template that ran to its end."""

    plan: Mapping[str, Any]
    """Facts of `workflow_plan`."""
    sheets: list[Image.Image]
    """One of each review, and one of the end."""
    reviews: list[str]
    """The texts of answers that wait for a pick."""
    text: str
    """The last answer."""
    facts: Mapping[str, Any]
    """Its facts."""

    @property
    def folder(self) -> Path:
        """Return the folder that was delivered."""
        return Path(self.facts["folder"])

    @property
    def delivered(self) -> list[str]:
        """Return the names of the delivered files, without the manifest."""
        names = (each.name for each in self.folder.iterdir())
        return sorted(each for each in names if not each.startswith("manifest."))

    @property
    def files(self) -> list[Path]:
        """Return the files that export steps wrote."""
        paths = [Path(each) for each in self.facts.get("files") or ()]
        folder = self.facts.get("folder")
        return [each for each in paths if folder is None or each.parent != Path(folder)]

    def copies(self, output: str) -> list[Path]:
        """Return the readable copies of an output."""
        found = [each for each in self.facts["results"] if each["output"] == output]
        return [Path(each["path"]) for each in found if each.get("path")]


@dataclass(kw_only=True)
class Player:
    """Plays a template through a client."""

    client: Client
    pick: object = field(default_factory=lambda: [1])
    """What is answered to each review."""

    async def play(self, template: str, arguments: Mapping[str, Any]) -> Played:
        """Plan and run a template until it is done."""
        wish = {"template": template, "arguments": arguments}
        planned = await self.client.call_tool("workflow_plan", wish)
        text(planned)
        sheets: list[Image.Image] = []
        reviews: list[str] = []
        answer = await self.client.call_tool("workflow_run", wish)
        for _ in range(MAX_CALLS):
            found = _facts(answer)
            if found["state"] not in {"running", "review"}:
                break
            more: dict[str, Any] = {"run": found["id"]}
            if found["state"] == "review":
                sheets.append(only_sheet(answer))
                reviews.append(text(answer))
                more["pick"] = self.pick
            answer = await self.client.call_tool("workflow_run", more)
        assert _facts(answer)["state"] == "done", text(answer)
        return Played(
            plan=_facts(planned),
            sheets=[*sheets, only_sheet(answer)],
            reviews=reviews,
            text=text(answer),
            facts=_facts(answer),
        )


def only_sheet(answer: CallToolResult) -> Image.Image:
    """Return the one picture of an answer, which is short without it."""
    pictures = [each for each in answer.content if isinstance(each, ImageContent)]
    assert len(pictures) == 1, f"{len(pictures)} pictures: {text(answer)}"
    rest = [each for each in answer.content if each is not pictures[0]]
    without = answer.model_copy(update={"content": rest})
    assert len(without.model_dump_json().encode()) < MAX_ANSWER_BYTES
    sheet = Image.open(io.BytesIO(b64decode(pictures[0].data)))
    sheet.load()
    return sheet


def _facts(answer: CallToolResult) -> dict[str, Any]:
    text(answer)  # not an error
    found: dict[str, Any] = (answer.meta or {})["stability-mcp/result"]
    return found


def assert_complete(played: Played) -> None:
    """Check what holds for every template: complete, delivered, and within its estimate."""
    plan, facts = played.plan, played.facts
    assert plan["low"] <= facts["charged"] <= plan["high"], played.text
    assert facts["reserved"] == 0
    assert [(step["id"], step["failed"]) for step in facts["steps"] if step["failed"]] == []
    assert sum(step["charged"] for step in facts["steps"]) == facts["charged"]
    assert {each["output"] for each in facts["results"]} == set(plan["outputs"]), played.text
    assert facts["result_count"] == len(facts["results"])
    for result in facts["results"]:
        if result.get("uri"):
            assert Path(result["path"]).stat().st_size > 0, result
    for file in facts.get("files") or ():
        assert Path(file).stat().st_size > 0, file
    if facts.get("folder"):
        assert_delivered(played)


def assert_delivered(played: Played) -> None:
    """Check that the folder has the files of its manifest, and the manifest what was charged."""
    manifest = json.loads((played.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["run"] == played.facts["id"]
    rows = manifest["rows"]
    files = [each for row in rows for each in row["files"]]
    assert sorted(each["name"] for each in files if "name" in each) == played.delivered
    elsewhere = [Path(each["path"]) for each in files if "path" in each]
    assert [each for each in elsewhere if not each.exists()] == []
    assert manifest["credits"] == sum(row["credits"] for row in rows)
    lines = (played.folder / "manifest.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + sum(max(1, len(row["files"])) for row in rows)
