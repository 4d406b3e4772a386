"""Edits YAML as text: adds an entry to a mapping and removes it again.

PyYAML gives the positions and the check; nothing is written by it, because it drops comments.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from stability_mcp.hosts.edits import Edit, line_end
from stability_mcp.hosts.entry import Addition, whole

MAX_NODES = 100_000
"""Most values of a document with its aliases replaced; aliases of aliases grow exponentially."""
UNIT = "  "
_BREAK = re.compile(r"\r\n|\n|\r")
_EMPTY = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z)")


def read(text: str) -> dict[Any, Any]:
    """Return the document: mappings, lists, and for each scalar its tag and text.

    Raises:
        ValueError: it isn't one YAML document with a mapping, or a mapping has a name twice; the
            text says where.
    """
    root = _compose(text)
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise ValueError("line 1: a mapping is expected")  # noqa: TRY004 -- of the document
    found = _plain(root, [MAX_NODES])
    assert isinstance(found, dict)  # noqa: S101 -- of a mapping
    return found


def plain(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Return a value as `read` returns it."""
    return _plain(yaml.compose(json.dumps(value), Loader=yaml.SafeLoader), [MAX_NODES])


def name(text: str) -> tuple[str, str]:
    """Return a name as `read` returns it."""
    return ("tag:yaml.org,2002:str", text)


def add(text: str, part: Addition) -> list[Edit]:
    """Return the edit that adds an entry as the first of the mapping, or the mapping at the end.

    Raises:
        ValueError: the mapping has a form that can't be edited.
    """
    newline = line_end(text)
    [top] = part.path
    found = _member(_compose(text), top)
    if found is None:
        ends = "" if not text or text.endswith(("\n", "\r")) else newline
        return [Edit(len(text), len(text), ends + _block(whole((part,)), "", newline))]
    key, node = found
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        inside = f"{json.dumps(part.name)}: {json.dumps(part.value, ensure_ascii=False)}"
        at = node.start_mark.index + 1
        return [Edit(at, at, inside + ", " * bool(node.value))]
    indentation = UNIT
    if isinstance(node, yaml.MappingNode):
        indentation = " " * node.value[0][0].start_mark.column
    rest = _BREAK.split(text[key.end_mark.index :], maxsplit=1)[0]
    if not re.fullmatch(r"[ \t]*:[ \t]*(?:#.*)?", rest):
        raise ValueError(f"line {key.start_mark.line + 1}: {top} has a form that can't be edited")
    at = key.end_mark.index + len(rest)
    shown = _block({part.name or "": part.value}, indentation, newline)
    if at == len(text):
        return [Edit(at, at, newline + shown.removesuffix(newline))]
    found_break = _BREAK.match(text, at)
    at += len(found_break[0]) if found_break else 0
    return [Edit(at, at, shown)]


def remove(text: str, part: Addition) -> list[Edit]:
    """Return the edits that remove an entry, with its lines."""
    [top] = part.path
    outer = _member(_compose(text), top)
    found = _member(outer[1], part.name or "") if outer else None
    if outer is None or found is None:
        return []
    mapping, (key, node) = outer[1], found
    if mapping.flow_style:
        rest = re.compile(r"[ \t]*,[ \t]*").match(text, node.end_mark.index)
        return [Edit(key.start_mark.index, rest.end() if rest else node.end_mark.index, "")]
    start = key.start_mark.index - key.start_mark.column
    end = _last_end(node)
    line = _EMPTY.match(text, end)
    return [Edit(start, line.end() if line else end, "")]


def render(parts: tuple[Addition, ...]) -> str:
    """Return a document that has nothing but the parts."""
    return _block(whole(parts), "", "\n")


def _compose(text: str) -> Any:  # noqa: ANN401 -- PyYAML has no types for nodes
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"line {line}: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ValueError(
            f"it has a character that YAML doesn't allow ({type(error).__name__})"
        ) from None


def _plain(node: Any, left: list[int]) -> Any:  # noqa: ANN401 -- PyYAML has no types for nodes
    left[0] -= 1
    if left[0] < 0:
        raise ValueError("it has too many values")
    if isinstance(node, yaml.ScalarNode):
        return (node.tag, node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each, left) for each in node.value]
    found: dict[Any, Any] = {}
    for key, value in node.value:
        known = _plain(key, left)
        known = known if isinstance(known, tuple) else repr(known)
        if known in found:
            line = key.start_mark.line + 1
            raise ValueError(f'line {line}: the name "{key.value}" occurs twice')
        found[known] = _plain(value, left)
    return found


def _member(node: Any, text: str) -> Any:  # noqa: ANN401 -- PyYAML has no types for nodes
    """Return the nodes of the name and the value of an entry, or None."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((pair for pair in node.value if pair[0].value == text), None)


def _last_end(node: Any) -> int:  # noqa: ANN401 -- PyYAML has no types for nodes
    """Return the offset after the last text of a node; a block ends where the next one begins."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.index)


def _block(tree: Mapping[str, Any], indentation: str, newline: str) -> str:
    """Return a mapping in block style; texts are quoted, lists stay on one line."""
    lines = []
    for each, value in tree.items():
        shown = each if re.fullmatch(r"[A-Za-z]\w*", each) else json.dumps(each)
        if isinstance(value, Mapping):
            lines.append(f"{indentation}{shown}:{newline}")
            lines.append(_block(value, indentation + UNIT, newline))
        else:
            lines.append(f"{indentation}{shown}: {json.dumps(value, ensure_ascii=False)}{newline}")
    return "".join(lines)
