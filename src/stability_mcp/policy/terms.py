"""Terms that an operator does not want sent, or wants flagged: whole words in prompts.

Case, accents, width and invisible characters make no difference, and whatever is no letter or digit
separates words: `nude` is found in `NUDE_art` and `núde`, and not in `denuded`. A language that
writes no spaces between words has no whole words to find.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from stability_mcp.errors import ConfigurationError
from stability_mcp.text import quoted

MAX_BYTES = 1_000_000
"""Largest file of terms: some fifty thousand words."""

Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")


class Terms:
    """Words and phrases to look for."""

    def __init__(self, terms: Iterable[str] = ()) -> None:
        self._by_first: dict[str, dict[Words, str]] = {}
        for term in terms:
            words = words_of(term)
            if not words:
                raise ValueError(f"{quoted(term)} holds no letter or digit")
            self._by_first.setdefault(words[0], {})[words] = term.strip()

    @classmethod
    def read(cls, file: Path | None, *, variable: str) -> "Terms":
        """Read a file with one term a line; empty lines and lines that begin with `#` are left out.

        Blocks.

        Args:
            file: The file; None: no terms.
            variable: The setting that names it, for the error.

        Raises:
            ConfigurationError: it cannot be read, is too large, or a line is no term.
        """
        if file is None:
            return cls()
        try:
            return cls(_lines(file.expanduser()))
        except (OSError, ValueError) as error:
            why = (error.strerror or "cannot be read") if isinstance(error, OSError) else str(error)
            raise ConfigurationError(
                f"{variable} names the file {quoted(file)}, which cannot be used: {why}.",
                hint=f"Mend the file, a term a line as UTF-8, or unset {variable}.",
            ) from None

    def found_in(self, text: str) -> list[str]:
        """Return the terms that a text holds as whole words, in the order of the text."""
        words = words_of(text)
        found = (
            term
            for index, word in enumerate(words)
            for term_words, term in self._by_first.get(word, {}).items()
            if words[index : index + len(term_words)] == term_words
        )
        return list(dict.fromkeys(found))

    def found_in_each(self, texts: Mapping[str, str]) -> dict[str, list[str]]:
        """Return the terms by the argument that holds them."""
        each = {name: self.found_in(text) for name, text in texts.items()}
        return {name: terms for name, terms in each.items() if terms}


def _lines(file: Path) -> list[str]:
    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
    lines = data.decode("utf-8-sig").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def words_of(text: str) -> Words:
    """Return the words of a text without case, accents, width and invisible characters."""
    taken_apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in taken_apart if unicodedata.category(c) not in {"Mn", "Cf"})
    return tuple(_WORD.findall(bare.casefold()))
