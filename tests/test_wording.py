"""The search for words that this project does not use."""

from pathlib import Path

import pytest
from scripts.wording import ROOT, files, find_in, main, read_words, searched

WORDS = read_words()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Make it anew.", ["anew"]),
        ("def nobody_waits() -> None:", ["nobody"]),
        ("A Mask that\nis no picture.", ["is no"]),
        ("there is no file", []),
        ("there_is_no_file", []),
        ("leave it alone, and left alone", ["alone"]),
        ("commend, amended, recommended", []),
        ("The request goes\n    on.", ["goes on"]),
    ],
)
def test_words_are_found_in_prose_and_in_names(text: str, found: list[str]) -> None:
    """Chosen: underscores and line ends count as spaces, parts of other words don't."""
    assert [each for _, each, _ in find_in(text, WORDS)] == found


def test_a_find_names_its_line_and_what_to_write() -> None:
    """Chosen: one line for each find is enough to correct it."""
    assert list(find_in("one\ntwo anew", WORDS)) == [(2, "anew", "again")]


def test_the_search_fails_with_a_find_and_passes_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chosen: `make lint` stops at a find."""
    file = tmp_path / "text.md"
    file.write_text("Mend it.")
    assert main([str(file)]) == 1
    assert capsys.readouterr().out.startswith(f"{file}:1: Mend: write repair")

    file.write_text("Repair it.")
    assert main([str(file)]) == 0


def test_sources_tests_documents_and_schemas_are_searched() -> None:
    """Chosen: whatever people or models read, apart from copies of texts by others."""
    names = {each.relative_to(ROOT).as_posix() for each in files(searched())}

    assert {
        "README.md",
        "src/stability_mcp/server/instructions.md",
        "src/stability_mcp/jobs/budget.sql",
        "tests/test_layout.py",
        "tool_schemas/generate_core.json",
    } <= names
    assert not any(name.startswith("tests/facts/") for name in names)


def test_files_that_keep_a_word_exist_and_have_it() -> None:
    """Chosen: an exception goes with its last use."""
    unused = [
        (name, word.write)
        for word in WORDS
        for name in word.kept_in
        if not list(find_in((ROOT / name).read_text("utf-8"), [word]))
    ]

    assert unused == []
