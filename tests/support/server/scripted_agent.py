"""An agent without a model: it picks tools and fills arguments by comparing words.

It knows what `tools/list` returns and nothing else. Tools are ranked with BM25 over their name,
title, description and arguments. A sentence that names another tool ("Without a mask:
`edit_search_and_replace`.") counts for that tool. Values in a question are quoted texts, numbers
and choices; each goes to the argument whose name and description share most words with what
stands around the value.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp.types import Tool

SATURATION, LENGTH_WEIGHT = 1.2, 0.4
"""The usual constants of BM25; lengths weigh less, since all descriptions are short."""
NAME_WEIGHT = 2
WORDS_AROUND = 4
STOP_WORDS = frozenset(
    (
        *("a", "an", "the", "and", "or", "of", "to", "in", "on", "at", "by", "for", "from", "with"),
        *(
            "it",
            "its",
            "is",
            "are",
            "be",
            "as",
            "i",
            "me",
            "my",
            "we",
            "our",
            "you",
            "your",
            "this",
        ),
        *("that", "these", "those", "what", "which", "where", "when", "how", "do", "does", "did"),
        *("not", "no", "so", "than", "then", "into", "can", "will", "would", "should", "please"),
    )
)
_VALUE = re.compile(r'"([^"]+)"|(?<![\w.:])(-?\d+(?:\.\d+)?)(?![\w:]|\.\d)')
_SENTENCE = re.compile(r"(?<=[.;])\s+")
_BORDER = re.compile(r"[\".;,:]|\band\b")
_NAMED = re.compile(r"`([a-z0-9_]+)`")


@dataclass(frozen=True)
class Value:
    """A value in a question and the words around it, nearest first."""

    text: str
    is_quoted: bool
    before: Sequence[str]
    after: Sequence[str]


class ScriptedAgent:
    """Chooses tools and arguments from the texts of a tool list."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._words = self._index()
        documents = [set(words) for words in self._words.values()]
        self._weights = {
            word: math.log(1 + len(documents) / sum(word in document for document in documents))
            for word in set().union(*documents)
        }

    def rank(self, question: str) -> list[str]:
        """Return the names of the tools, the best match first."""
        asked = set(words_of(_VALUE.sub(" ", question)))
        mean = sum(words.total() for words in self._words.values()) / len(self._words)

        def score(name: str) -> float:
            words = self._words[name]
            length = 1 - LENGTH_WEIGHT + LENGTH_WEIGHT * words.total() / mean
            counts = ((word, words[word]) for word in asked if word in words)
            return sum(
                self._weights[word] * count * (SATURATION + 1) / (count + SATURATION * length)
                for word, count in counts
            )

        return sorted(self._tools, key=lambda name: (-score(name), name))

    def arguments(self, question: str, tool: str) -> dict[str, object]:
        """Return the arguments of a call that a question asks for."""
        schema = self._tools[tool].input_schema
        fields: Mapping[str, Any] = schema["properties"]
        chosen: dict[str, object] = dict(_choices(question, fields))
        values = list(_values(question))
        required = schema.get("required", ())
        pairs = sorted(
            (
                (_fit(value, name, field) + 0.5 * (name in required), order, name)
                for order, value in enumerate(values)
                for name, field in fields.items()
                if _accepts(field, value)
            ),
            reverse=True,
        )
        used: set[int] = set()
        for fit, order, name in pairs:
            if fit > 0 and order not in used and name not in chosen:
                used.add(order)
                chosen[name] = _typed(fields[name], values[order].text)
        return chosen

    def _index(self) -> dict[str, Counter[str]]:
        index: dict[str, Counter[str]] = defaultdict(Counter)
        for tool in self._tools.values():
            for word in words_of(f"{tool.name} {tool.title}"):
                index[tool.name][word] += NAME_WEIGHT
            for sentence in _SENTENCE.split(tool.description or ""):
                others = [each for each in _NAMED.findall(sentence) if each in self._tools]
                for name in others or [tool.name]:
                    index[name].update(words_of(_NAMED.sub(" ", sentence)))
            for name, field in tool.input_schema["properties"].items():
                index[tool.name].update({*words_of(name), *words_of(_description(field))})
        return index


def words_of(text: str) -> list[str]:
    """Return the words of a text without endings, in lower case, stop words left out."""
    found = re.findall(r"[a-z0-9]+", text.lower().replace("_", " "))
    return [_stem(word) for word in found if word not in STOP_WORDS]


def _stem(word: str) -> str:
    for ending in ("s", "ing", "ed", "er", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
    return word


def _fit(value: Value, name: str, field: Mapping[str, Any]) -> float:
    if value.is_quoted and _is_file(field) != _looks_like_file(value.text):
        return -1
    named, described = set(words_of(name)), set(words_of(_description(field)))
    score = 0.0
    for words, nearness in ((value.before, 1.0), (value.after, 0.6)):
        for distance, word in enumerate(words):
            weight = nearness * 0.8**distance
            score += weight * (3 * (word in named) + (word in described))
    return score / (1 + 0.1 * len(named))


def _values(question: str) -> Iterator[Value]:
    for match in _VALUE.finditer(question):
        before = _BORDER.split(question[: match.start()])[-1]
        after = _BORDER.split(question[match.end() :])[0]
        yield Value(
            text=match[1] or match[2],
            is_quoted=match[1] is not None,
            before=words_of(before)[::-1][:WORDS_AROUND],
            after=words_of(after)[:WORDS_AROUND],
        )


def _choices(question: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    plain = re.sub(r'"[^"]*"', " ", question).lower()
    for name, field in fields.items():
        found = [
            each
            for each in field.get("enum", ())
            if re.search(rf"(?<![\w:-]){re.escape(str(each))}(?![\w:-]|\.\d)", plain)
        ]
        if len(found) == 1 and found[0] != field.get("default"):
            yield name, found[0]


def _accepts(field: Mapping[str, Any], value: Value) -> bool:
    if "enum" in field:
        return False
    if field.get("type") == "array":
        return _accepts(field["items"], value)
    if value.is_quoted and field.get("type") == "object":
        return [field["properties"][each]["type"] for each in field.get("required", ())] == [
            "string"
        ]
    if value.is_quoted:
        return field.get("type") == "string"
    if field.get("type") not in {"integer", "number"}:
        return False
    number = float(value.text)
    return bool(field.get("minimum", number) <= number <= field.get("maximum", number))


def _typed(field: Mapping[str, Any], text: str) -> object:
    match field["type"]:
        case "array":
            return [_typed(field["items"], text)]
        case "object":
            return {field["required"][0]: text}
        case "integer":
            return int(text)
        case "number":
            return float(text)
        case _:
            return text


def _description(field: Mapping[str, Any]) -> str:
    return f"{field.get('description', '')} {field.get('items', {}).get('description', '')}"


def _is_file(field: Mapping[str, Any]) -> bool:
    return bool(re.search(r"\b(path|URI)\b", _description(field), re.IGNORECASE))


def _looks_like_file(text: str) -> bool:
    return bool(re.search(r"\.(png|jpe?g|webp|wav|mp3|glb)$|^media://|^[a-z]+-\d$", text))
