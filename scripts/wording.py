"""Finds words that texts and names of this project should not use; `make lint` runs it.

`wording.toml` lists the words and their replacements. The search covers every file that people or
models read: sources, tests, documents and tool schemas, but no copies of foreign texts.

    python scripts/wording.py [PATH ...]

Prints `path:line: word: write ...` for each find and exits with 1 if there is one.
"""

import re
import sys
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORDS = Path(__file__).with_suffix(".toml")
READ = [
    *("src", "tests", "docs", "scripts", "benchmarks", "tool_schemas", ".github"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "pyproject.toml"),
]
"""Searched by default, relative to the root."""
SUFFIXES = {
    *(".py", ".sql", ".md", ".json", ".yaml", ".yml", ".toml", ".html", ".txt"),
    *(".ts", ".mjs", ".js", ".sh"),
}
QUOTED = [
    *("tests/facts/*", "tests/compat/*.json", "tests/test_wording.py", "scripts/wording.toml"),
    *("src/stability_mcp/store/migration_*.sql", "tests/store/*.sql"),
    *("tests/store/test_migrations.py", "tests/support/store/freeze_schema_3.py"),
    *("src/stability_mcp/pages/static/ui/*", "src/stability_mcp/pages/static/apps/*"),
]
"""Files not searched: API documents, earlier releases, the list itself, earlier column names, and
built files, whose sources are searched."""


@dataclass(frozen=True)
class Word:
    """A phrase to avoid."""

    pattern: re.Pattern[str]
    write: str
    kept_in: Collection[str] = ()
    """Files where it is a name or data."""


def read_words(path: Path = WORDS) -> list[Word]:
    """Return the phrases of a list in TOML."""
    entries = tomllib.loads(path.read_text("utf-8"))["words"]
    return [
        Word(
            pattern=_pattern(each["find"], each.get("unless_after", ())),
            write=each["write"],
            kept_in=each.get("kept_in", ()),
        )
        for each in entries
    ]


def _pattern(find: str, unless_after: Sequence[str]) -> re.Pattern[str]:
    before = "".join(rf"(?<!{re.escape(word)}[\s_])" for word in unless_after)
    spaced = find.replace(" ", r"[\s_]+")
    return re.compile(rf"{before}(?<![a-z])(?:{spaced})(?![a-z])", re.IGNORECASE)


def find_in(text: str, words: Sequence[Word]) -> Iterator[tuple[int, str, str]]:
    """Yield line number, match and replacement, in order of the list."""
    for word in words:
        for match in word.pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield line, " ".join(match[0].split()), word.write


def searched() -> list[Path]:
    """Return the folders and files to search by default."""
    return [path for each in READ if (path := ROOT / each).exists()]


def files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files to search in the given paths."""
    for path in paths:
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for each in found:
            if not each.is_file() or "__pycache__" in each.parts or "node_modules" in each.parts:
                continue
            is_text = each.suffix in SUFFIXES or each.name == "Makefile"
            if is_text and not any(fnmatch(_name(each), pattern) for pattern in QUOTED):
                yield each


def _name(path: Path) -> str:
    whole = path.resolve()
    return (whole.relative_to(ROOT) if whole.is_relative_to(ROOT) else whole).as_posix()


def main(arguments: Sequence[str]) -> int:
    """Search, print the results, and return the exit code."""
    words = read_words()
    paths = [Path(each) for each in arguments] or searched()
    finds = 0
    for path in files(paths):
        name = _name(path)
        allowed = [word for word in words if name not in word.kept_in]
        for line, found, write in sorted(find_in(path.read_text("utf-8"), allowed)):
            print(f"{name}:{line}: {found}: write {write}")
            finds += 1
    print(f"wording: {finds} finds" if finds else "wording: nothing found")
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
