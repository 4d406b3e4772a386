"""Reads the documentation: pages, code blocks, tables, links and headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
NAMES = (
    "README.md",
    "CONTRIBUTING.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")),
)
"""Every page, as a path from the root of the project."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Page:
    """A page of the documentation."""

    name: str

    @property
    def text(self) -> str:
        """Return the Markdown."""
        return (ROOT / self.name).read_text(encoding="utf-8")

    def blocks(self, language: str) -> list[str]:
        """Return the code blocks in a language."""
        return [body for found, body in _BLOCK.findall(self.text) if found == language]

    def commands(self) -> list[str]:
        """Return the lines of console blocks that a reader would type, without comments."""
        lines = "".join(self.blocks("console")).splitlines()
        typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [re.sub(r"\s{2,}# .*", "", line) for line in typed]

    def rows(self, heading: str | None = None) -> Iterator[list[str]]:
        """Yield the cells of each table row below a heading, or of the page; heads included."""
        text = self.text if heading is None else self.section(heading)
        for line in text.splitlines():
            if line.startswith("|") and not line.startswith("|---"):
                cells = re.split(r"(?<!\\)\|", line.strip("| "))
                yield [cell.strip() for cell in cells]

    def section(self, heading: str) -> str:
        """Return the text below a heading, with the parts of lower rank."""
        level = heading.partition(" ")[0]
        _, found, rest = f"\n{self.text}".partition(f"\n{heading}\n")
        assert found, f"{self.name} has no {heading}"
        return re.split(rf"^#{{1,{len(level)}}} ", rest, flags=re.MULTILINE)[0]

    def links(self) -> list[str]:
        """Return the targets of links within the project."""
        prose = _BLOCK.sub("", self.text)
        return [each for each in _LINK.findall(_CODE.sub("", prose)) if "://" not in each]

    def anchors(self) -> set[str]:
        """Return the anchors of the headings, as GitHub makes them."""
        prose = _BLOCK.sub("", self.text)
        titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
        return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def code_words(text: str) -> list[str]:
    """Return what a text has in backticks."""
    return re.findall(r"`([^`]+)`", text)
