"""Finds what an agent invented: ids, labels, paths, addresses and prices that it never read.

A value is known if it occurs in the turns of the user so far, in an earlier answer, or in the texts
of the server itself (tool list, guide, prompts, resources).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evaluation.transcript import Exchange, Transcript

REFERENCES = frozenset(
    (
        *("image", "images", "init_image", "mask", "style_image", "before", "after", "media"),
        *("subject_image", "background_reference", "light_reference"),
        *("audio", "sound", "sounds", "profile", "file", "folder", "to", "used_in"),
        *("source", "photo", "photos", "picture", "sketch", "scene_picture", "anchor", "first"),
        *("job", "jobs", "generation", "cursor", "run", "redo_from", "template", "name"),
    )
)
"""Arguments whose values name something that exists, or a folder that the user chose."""

NAMES = frozenset({"label", "save_as", "tags", "tag"})
"""Arguments whose values are new names: their words must come from the conversation."""

WORDS = frozenset(
    (
        *("prompt", "prompts", "negative_prompt", "scene", "id", "style", "styles", "title"),
        *("model", "models", "operation", "tool", "text", "background", "character", "brief"),
        *("moods", "music", "platforms", "refine", "surroundings", "visuals"),
        *("audience", "beginning", "palette"),
    )
)
"""Arguments of templates that take words, or names of tools and models."""

PRICES = frozenset({"confirm_spend", "credits", "budget"})

SEARCHED = frozenset({"query"})
"""Arguments that search for words instead of naming something."""

PLANS = frozenset({"plan"})

NO_VALUES = frozenset({"none", "last", "paused", "clipboard", "upload", "output"})
"""Choices of an argument, rather than names."""

MEDIA_INPUTS = frozenset({"image", "audio", "model"})

_LOOKS_KNOWN = re.compile(
    r"""[a-z][a-z0-9+.-]*://\S+                       # an address
      | (?<![\w.])(?:~|[A-Za-z]:)?[/\\][\w.-][^\s"']*  # an absolute path
      | [\w-][\w -]*\.(?:png|jpe?g|webp|gif|avif|heic|tiff?|pdf|zip|wav|mp3|flac|glb|obj|csv|json)\b
      | \b(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{10}\b      # an id""",
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]+")


def inventions(
    transcript: Transcript, turns: Sequence[str], *, with_names: bool = True
) -> list[str]:
    """Return one line for each value that the agent can't have read.

    Args:
        transcript: The conversation.
        turns: The turns of the user.
        with_names: Whether new names must consist of words of the conversation, too. A model may
            choose its own.
    """
    found = []
    server = [json.dumps(transcript.tools, ensure_ascii=False), *transcript.read]
    for number, exchange in enumerate(transcript.exchanges):
        earlier = [each.text for each in transcript.exchanges[:number]]
        texts = [*turns[: exchange.heard], *earlier, *server]
        found += [
            f"call {number + 1}, {exchange.tool}: {what}"
            for what in _invented(exchange, "\n".join(texts).casefold(), with_names=with_names)
        ]
    return found


def _invented(exchange: Exchange, known: str, *, with_names: bool) -> Iterator[str]:
    own = frozenset(_plan_names(exchange.arguments))
    for name, value in _leaves(exchange.arguments):
        if isinstance(value, bool) or value is None:
            continue
        if name in PRICES:
            if not occurs(_number(value), known):
                yield f"the price {value!r} of {name}"
        elif isinstance(value, str) and (with_names or name not in NAMES):
            yield from _invented_text(name, value, known, own)


def _invented_text(name: str, value: str, known: str, own: frozenset[str]) -> Iterator[str]:
    if value.startswith("$"):
        if value[1:].partition(".")[0] not in own:
            yield f"the reference {value!r} of {name}"
    elif name in REFERENCES:
        if value not in own and value not in NO_VALUES and not occurs(value, known):
            yield f"{value!r} of {name}"
    elif name in NAMES:
        new = [word for word in _WORD.findall(value) if not occurs(word, known)]
        if new:
            yield f"{value!r} of {name}: {', '.join(new)}"
    else:
        for each in _LOOKS_KNOWN.findall(value):
            if not occurs(each, known):
                yield f"{each!r} in {name}"


def occurs(value: str, known: str) -> bool:
    """Return whether a text contains a value, not as part of a longer word or number."""
    sought = re.escape(value.strip().rstrip("/").casefold())
    return re.search(rf"(?<!\w)(?<!\d\.){sought}(?!\w|\.\d)", known) is not None


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _leaves(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value with the name of the argument that it belongs to."""
    if isinstance(value, str) and name in PLANS:
        yield from _leaves(json.loads(value), "")
    elif isinstance(value, Mapping):
        if name == "inputs":
            yield from _inputs(value)
            return
        for key, each in value.items():
            # The name of a step isn't a reference where it is defined.
            if not (key in {"id", "name"} and "arguments" in value):
                yield from _leaves(each, str(key))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each, name)
    else:
        yield name, value


def _inputs(inputs: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the values of a plan's inputs; those declared as media count as references."""
    for name, given in inputs.items():
        is_declared = isinstance(given, Mapping)
        kind = given.get("type", "text") if is_declared else ""
        value = given.get("default") if is_declared else given
        yield from _leaves(value, "media" if kind in MEDIA_INPUTS else name)


def _plan_names(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names that a plan defines itself."""
    plan = arguments.get("plan")
    if isinstance(plan, str):
        plan = json.loads(plan)
    if plan is None:
        return
    steps = plan["steps"] if isinstance(plan, Mapping) else plan
    yield "item"
    if isinstance(steps, Mapping):
        yield from steps
        steps = steps.values()
    yield from (str(step.get("id") or step.get("name")) for step in steps)
    if isinstance(plan, Mapping):
        yield from plan.get("inputs", ())


def unlisted_references(tools: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return arguments whose descriptions speak of labels, paths or ids, but aren't listed here."""
    listed = REFERENCES | NAMES | PRICES | SEARCHED | PLANS
    return {
        name
        for tool in tools
        for name, schema in _properties(tool["inputSchema"])
        if re.search(r"media://|\blabels?\b|\b[Pp]ath\b|\bids?\b", _description(schema))
        and name not in listed
    }


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, each in schema.get("properties", {}).items():
        yield name, each
        for inner in (each, each.get("items", {})):
            yield from _properties(inner)


def _description(schema: Mapping[str, Any]) -> str:
    return f"{schema.get('description', '')} {schema.get('items', {}).get('description', '')}"
