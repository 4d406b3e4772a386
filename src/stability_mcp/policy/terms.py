"""Finds the operator's blocked or flagged terms in prompts, as whole words.

Case, accents, width and invisible characters are ignored, and everything except letters and digits
separates words: `nude` matches `NUDE_art` and `núde`, but not `denuded`. Terms cannot be found in
languages that are written without spaces between words.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stability_mcp.errors import ConfigurationError
from stability_mcp.text import quoted

MAX_BYTES = 1_000_000
"""Maximum size of a file of terms, about 50,000 words."""

Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")


class Terms:
    """Words and phrases to find."""

    def __init__(self, terms: Iterable[str] = ()) -> None:
        self._by_first: dict[str, dict[Words, str]] = {}
        for term in terms:
            words = words_of(term)
            if not words:
                raise ValueError(f"{quoted(term)} contains no letter or digit")
            self._by_first.setdefault(words[0], {})[words] = term.strip()

    @classmethod
    def read(cls, file: Path | None, *, variable: str) -> "Terms":
        """Read a file with one term per line; empty lines and lines starting with `#` are skipped.

        Blocks.

        Args:
            file: The file; None: no terms.
            variable: The setting that names it, for the error.

        Raises:
            ConfigurationError: the file cannot be read, is too large or has an invalid term.
        """
        if file is None:
            return cls()
        try:
            return cls(_lines(file.expanduser()))
        except (OSError, ValueError) as error:
            why = (error.strerror or "cannot be read") if isinstance(error, OSError) else str(error)
            raise ConfigurationError(
                f"The file {quoted(file)} in {variable} cannot be used: {why}.",
                hint=f"Save it as UTF-8 with one term per line, or unset {variable}.",
            ) from None

    def found_in(self, text: str) -> list[str]:
        """Return the terms in a text, matched as whole words, in the order of the text."""
        words = words_of(text)
        found = (
            term
            for index, word in enumerate(words)
            for term_words, term in self._by_first.get(word, {}).items()
            if words[index : index + len(term_words)] == term_words
        )
        return list(dict.fromkeys(found))

    def found_in_each(self, texts: Mapping[str, str]) -> dict[str, list[str]]:
        """Return the terms found in each text, by argument."""
        each = {name: self.found_in(text) for name, text in texts.items()}
        return {name: terms for name, terms in each.items() if terms}


@dataclass(frozen=True, kw_only=True)
class TermLists:
    """The operator's lists of terms."""

    blocked: Terms = field(default_factory=Terms)
    """Prompts with these terms are blocked."""
    warned: Terms = field(default_factory=Terms)
    """Prompts with these terms are sent and flagged."""


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
