"""How an entry looks in the file: like its neighbours, with every comment where it was."""

import pytest

from stability_mcp.hosts.documents import added, removed
from stability_mcp.hosts.edits import shown_change
from stability_mcp.hosts.entry import Addition
from stability_mcp.hosts.known import Format

SERVERS = {"json": ("mcpServers",), "toml": ("mcp_servers",), "yaml": ("mcpServers",)}


def lines(*each: str, end: str = "\n") -> str:
    """Return lines as a text; the last ends with a line break if an empty one follows."""
    return end.join(each)


CASES: dict[str, tuple[Format, str, str]] = {
    "no file": (
        "json",
        "",
        lines(
            "{",
            '  "mcpServers": {',
            '    "stability": {',
            '      "command": "x"',
            "    }",
            "  }",
            "}",
            "",
        ),
    ),
    "an empty object": (
        "json",
        lines(
            "{}",
            "",
        ),
        lines(
            "{",
            '  "mcpServers": {',
            '    "stability": {',
            '      "command": "x"',
            "    }",
            "  }",
            "}",
            "",
        ),
    ),
    "only comments": (
        "json",
        "// mine",
        lines(
            "// mine",
            "{",
            '  "mcpServers": {',
            '    "stability": {',
            '      "command": "x"',
            "    }",
            "  }",
            "}",
            "",
        ),
    ),
    "one line": (
        "json",
        '{"a": 1, "mcpServers": {"b": {}}}',
        '{"a": 1, "mcpServers": {"b": {}, "stability": {"command": "x"}}}',
    ),
    "tabs and line ends of Windows": (
        "json",
        lines(
            "{",
            '\t"mcpServers": {',
            '\t\t"b": {}',
            "\t}",
            "}",
            end="\r\n",
        ),
        lines(
            "{",
            '\t"mcpServers": {',
            '\t\t"b": {},',
            '\t\t"stability": {',
            '\t\t\t"command": "x"',
            "\t\t}",
            "\t}",
            "}",
            end="\r\n",
        ),
    ),
    "a trailing comma": (
        "json",
        lines(
            "{",
            '    "mcpServers": {',
            '        "b": {}, // last',
            "    },",
            "}",
        ),
        lines(
            "{",
            '    "mcpServers": {',
            '        "b": {}, // last',
            '        "stability": {',
            '            "command": "x"',
            "        }",
            "    },",
            "}",
        ),
    ),
    "a comment after the last server": (
        "json",
        lines(
            "{",
            '  "mcpServers": {',
            '    "b": {} /* one */ // two',
            "    // three",
            "  }",
            "}",
        ),
        lines(
            "{",
            '  "mcpServers": {',
            '    "b": {}, /* one */ // two',
            '    "stability": {',
            '      "command": "x"',
            "    }",
            "    // three",
            "  }",
            "}",
        ),
    ),
    "a comment instead of servers": (
        "json",
        lines(
            "{",
            '  "mcpServers": {',
            "    // none yet",
            "  }",
            "}",
        ),
        lines(
            "{",
            '  "mcpServers": {',
            "    // none yet",
            '    "stability": {',
            '      "command": "x"',
            "    }",
            "  }",
            "}",
        ),
    ),
    "TOML without a line end": (
        "toml",
        lines(
            "a = 1 # one",
            "[mcp_servers.b]",
            'command = "y"',
        ),
        lines(
            "a = 1 # one",
            "[mcp_servers.b]",
            'command = "y"',
            "",
            "[mcp_servers.stability]",
            'command = "x"',
            "",
        ),
    ),
    "empty TOML": (
        "toml",
        "",
        lines(
            "[mcp_servers.stability]",
            'command = "x"',
            "",
        ),
    ),
    "YAML without servers": (
        "yaml",
        lines(
            "version: 1 # one",
            "",
        ),
        lines(
            "version: 1 # one",
            "mcpServers:",
            "  stability:",
            '    command: "x"',
            "",
        ),
    ),
    "YAML with servers": (
        "yaml",
        lines(
            "mcpServers: # all",
            "    # b",
            "    b:",
            "        url: y",
            "end: 1",
        ),
        lines(
            "mcpServers: # all",
            "    stability:",
            '      command: "x"',
            "    # b",
            "    b:",
            "        url: y",
            "end: 1",
        ),
    ),
    "YAML in one line": (
        "yaml",
        lines(
            "mcpServers: {b: {url: y}} # all",
            "",
        ),
        lines(
            'mcpServers: {"stability": {"command": "x"}, b: {url: y}} # all',
            "",
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_entry_looks_like_its_neighbours(name: str) -> None:
    """Chosen: as a person would have typed it."""
    kind, before, after = CASES[name]
    part = Addition(SERVERS[kind], "stability", {"command": "x"})

    assert added(kind, before, (part,)) == after
    assert added(kind, after, (part,)) == after


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("json", '{"mcpServers": {"stability": {}}}', '{"mcpServers": {}}'),
        ("json", '{"mcpServers": {"stability": {}, "b": 1}}', '{"mcpServers": { "b": 1}}'),
        ("json", '{"mcpServers": {"b": 1, "stability": {},}}', '{"mcpServers": {"b": 1,}}'),
        (
            "json",
            lines(
                '{"mcpServers": {',
                "  // b",
                '  "b": 1, // one',
                '  "stability": {} // ours',
                "}}",
            ),
            lines(
                '{"mcpServers": {',
                "  // b",
                '  "b": 1 // one',
                "   // ours",
                "}}",
            ),
        ),
        (
            "toml",
            lines(
                "a = 1",
                "",
                "[mcp_servers.stability]",
                'command = "x"',
                '[mcp_servers."stability".env]',
                'A = "b"',
                "",
                "# next",
                "[t]",
                "",
            ),
            lines(
                "a = 1",
                "",
                "# next",
                "[t]",
                "",
            ),
        ),
        (
            "yaml",
            lines(
                "mcpServers:",
                "  a: 1",
                "  stability:",
                "    command: x",
                "    args: [",
                "      y ]",
                "  # b",
                "  b: 2",
                "",
            ),
            lines(
                "mcpServers:",
                "  a: 1",
                "  # b",
                "  b: 2",
                "",
            ),
        ),
    ],
)
def test_an_entry_is_removed_with_its_lines_and_comma(
    kind: Format, before: str, after: str
) -> None:
    """Chosen: also one that a person changed; comments stay."""
    part = Addition(SERVERS[kind], "stability", {})

    assert removed(kind, before, (part,)) == after


def test_a_change_is_shown_without_the_lines_around_it() -> None:
    """Chosen: they can contain the keys of other servers."""
    old = '{\n  "a": {"KEY": "secret"}\n}\n'

    assert list(shown_change(old, old.replace("}\n}", '},\n  "b": 1\n}'))) == [
        "line 2:",
        "+ ,",
        '+   "b": 1',
    ]
    assert list(shown_change("", "{}\n")) == ["line 1:", "+ {}"]
