"""Terms: whole words, bounded files, and which spellings are equal."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.errors import ConfigurationError
from stability_mcp.policy.terms import MAX_BYTES, Terms, words_of


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("nude", "a NUDE_art", True),
        ("nude", "núde", True),
        ("nude", "n\u200bude", True),
        ("nude", "\uff4e\uff55\uff44\uff45", True),
        ("nude", "denuded", False),
        ("strasse", "Straße", True),
        ("new york", "in New-York!", True),
        ("new york", "york new", False),
    ],
)
def test_terms_are_whole_words_without_case_accents_and_width(
    term: str,
    text: str,
    found: bool,  # noqa: FBT001 -- a column of the table
) -> None:
    """*Chosen*: spellings that a person would call the same word."""
    assert Terms([term]).found_in(text) == ([term] if found else [])


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_term_is_found_as_separate_words_in_any_text(before: str, after: str) -> None:
    """*Chosen*: whatever text surrounds it."""
    assert Terms(["two words"]).found_in(f"{before} Two  words {after}") == ["two words"]
    assert words_of(before) + words_of(after) == words_of(f"{before} {after}")


@pytest.mark.parametrize("held", [b"***\n", b"\xff\xfe\xff", b"a" * (MAX_BYTES + 1)])
def test_a_file_that_cannot_be_used_names_its_setting(held: bytes, tmp_path: Path) -> None:
    """*Chosen*: a list that silently blocks nothing is worse than no list."""
    file = tmp_path / "terms.txt"
    file.write_bytes(held)

    with pytest.raises(ConfigurationError, match="STABILITY_BLOCKED_TERMS"):
        Terms.read(file, variable="STABILITY_BLOCKED_TERMS")
