"""Strategies for configuration files in every layout that a person or a host writes."""

import json
from collections.abc import Sequence

from hypothesis import strategies as st

BLANKS = st.sampled_from(
    ["", "", " ", "\n", "\n  ", "\n\t", "\n// a, } ] comment\n", "/* { \n */", " /**/ // x\n  "]
)
NAMES = [
    "a",
    "b",
    'é "q"',
    "mcpServers",
    "servers",
    "context_servers",
    "inputs",
    "// no",
    "théorie",
]
ATOMS = st.sampled_from(
    [
        "1",
        "-0.5e+10",
        "true",
        "null",
        '""',
        '"// no comment"',
        '"a, } \\" \\\\"',
        '"\\ud83d\\ude00é"',
    ]
)


def _container(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(_object(inner), _array(inner))


@st.composite
def _array(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    return _joined(draw, "[]", draw(st.lists(inner, max_size=3)))


@st.composite
def _object(
    draw: st.DrawFn, inner: st.SearchStrategy[str], names: Sequence[str] = tuple(NAMES)
) -> str:
    chosen = draw(st.lists(st.sampled_from(list(names)), unique=True, max_size=4))
    members = [
        f"{json.dumps(name, ensure_ascii=False)}{draw(BLANKS)}:{draw(BLANKS)}{draw(inner)}"
        for name in chosen
    ]
    return _joined(draw, "{}", members)


def _joined(draw: st.DrawFn, brackets: str, items: list[str]) -> str:
    parts = []
    for at, item in enumerate(items):
        is_last = at == len(items) - 1
        comma = draw(st.sampled_from(["", ","])) if is_last else ","
        parts.append(f"{draw(BLANKS)}{item}{draw(BLANKS)}{comma}")
    return f"{brackets[0]}{''.join(parts)}{draw(BLANKS)}{brackets[1]}"


JSON_VALUES = st.recursive(ATOMS, _container, max_leaves=8)


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """Draw a document: often with the objects of servers, sometimes empty."""
    servers = _object(JSON_VALUES, ("a", "other", "x y"))
    inputs = _array(_object(ATOMS, ("id", "type")))
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(BLANKS)
    if kind == 1:
        body = draw(_object(JSON_VALUES))
    else:
        given = {
            "mcpServers": draw(servers),
            "servers": draw(servers),
            "context_servers": draw(servers),
            "inputs": draw(inputs),
            "theme": draw(ATOMS),
        }
        names = draw(st.lists(st.sampled_from(sorted(given)), unique=True))
        body = _joined(draw, "{}", [f'"{each}":{draw(BLANKS)}{given[each]}' for each in names])
    return f"{draw(BLANKS)}{body}{draw(BLANKS)}"


TOML_TOP = [
    'model = "gpt"\n',
    "# a comment\n",
    "n = nan # [mcp_servers.stability]\n",
    'text = """\n[mcp_servers]\n[mcp_servers.stability]\n"""\n',
    "list = [\n  1, # one\n  [2],\n]\n",
    "\n",
]
TOML_TABLES = [
    '[mcp_servers.other]\ncommand = "x"\nenv = { "A" = "b" }\n',
    "[ mcp_servers . \"a b\" ] # note\nurl = 'y'\n\n",
    "[profiles.x]\nn = 1\n\n# the end\n",
    "[[things]]\na = 1\n[[things]]\na = 2\n",
    '"stability" = 1\n',
]


@st.composite
def toml_texts(draw: st.DrawFn) -> str:
    """Draw a document: names at the top, then tables."""
    top = draw(st.lists(st.sampled_from(TOML_TOP), unique=True))
    tables = draw(st.lists(st.sampled_from(TOML_TABLES), unique=True))
    text = "".join((*top, *tables))
    return text.removesuffix("\n") if draw(st.booleans()) else text


YAML_PARTS = [
    "version: 1.2.1\n",
    "# a comment: with a colon\n",
    "cache: true # why\n",
    "text: |\n  mcpServers:\n    stability:\n      no: 1\n",
    "folded: >-\n  one\n  two\n\n",
    "base: &base\n  a: [1, 2]\n  'b': {c: d}\nuse:\n  <<: *base\n  list:\n  - x\n  - y: z\n",
    'quoted: "a\n  b"\n',
    "\n",
]
YAML_SERVERS = [
    "",
    "mcpServers:\n",
    "mcpServers: # none\n",
    "mcpServers: {}\n",
    "mcpServers: { a: {command: x} } # one\n",
    "mcpServers:\n  # first\n  a:\n    command: x\n    args:\n      - -y\n  # last\n",
    "'mcpServers':\n\n    b:\n        url: http://x/\n        headers: {A: '${B}'}\n",
]


@st.composite
def yaml_texts(draw: st.DrawFn) -> str:
    """Draw a document: entries, among them those of the servers."""
    parts = draw(st.lists(st.sampled_from(YAML_PARTS), unique=True))
    parts.insert(draw(st.integers(0, len(parts))), draw(st.sampled_from(YAML_SERVERS)))
    text = draw(st.sampled_from(["", "---\n"])) + "".join(parts)
    return text.removesuffix("\n") if draw(st.booleans()) else text


TEXTS = {"json": json_texts(), "toml": toml_texts(), "yaml": yaml_texts()}


@st.composite
def contents(draw: st.DrawFn, kind: str) -> bytes:
    """Draw the bytes of a file: line ends of Windows or Unix, with a byte order mark or without."""
    text = draw(TEXTS[kind])
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()
