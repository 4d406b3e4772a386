"""What hosts and directories install the server by: up to date, valid and consistent."""

import base64
import json
import re
import shlex
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from jsonschema import Draft7Validator
from scripts.distribution import (
    COMMAND,
    PACKAGE,
    PLUGIN,
    REGISTRY_NAME,
    SERVER,
    USER_SETTINGS,
    generated_files,
    install_links,
    with_links,
)

from stability_mcp import __version__
from stability_mcp.setting_values import NOTHING_GIVEN, find_given
from stability_mcp.settings import Settings
from support.docs.pages import ROOT, Page

SCHEMA = json.loads((ROOT / "tests/distribution/server.schema.json").read_text("utf-8"))
OTHER_SERVERS = ("mcp-server-stability-ai", "mcp-stability-ai", "stability-ai", "stability-mcp")
"""Names of other servers of the same API, without their owners."""


def load(name: str) -> Any:  # noqa: ANN401 -- any JSON
    """Return the content of a JSON file of the project."""
    return json.loads((ROOT / name).read_text("utf-8"))


def test_generated_files_are_up_to_date() -> None:
    """*Chosen*: `make schemas` writes them, so no copy can differ."""
    different = [
        name
        for name, text in generated_files().items()
        if not (ROOT / name).exists() or (ROOT / name).read_text("utf-8") != text
    ]

    assert different == [], "run `make schemas` and read the diff"


def test_the_registry_entry_follows_the_published_schema() -> None:
    """*Documented*: the copy names its source."""
    errors = [each.message for each in Draft7Validator(SCHEMA).iter_errors(load("server.json"))]

    assert errors == []
    assert load("server.json")["$schema"] == SCHEMA["$id"]


@pytest.mark.parametrize(
    "change",
    [{"description": "x" * 101}, {"name": "no-namespace"}, {"packages": [{"identifier": "x"}]}],
)
def test_the_copy_of_the_schema_rejects_wrong_entries(change: dict[str, Any]) -> None:
    """*Chosen*: a schema that accepts everything would prove nothing."""
    assert not Draft7Validator(SCHEMA).is_valid({**load("server.json"), **change})


def test_the_registry_entry_names_this_version_and_no_package_index() -> None:
    """*Documented* (registry): the version must be the package's; the index is the public one."""
    entry = load("server.json")
    [package] = entry["packages"]

    assert entry["version"] == package["version"] == __version__
    assert package["identifier"] == PACKAGE
    assert "registryBaseUrl" not in package


def test_the_registry_name_is_distinctive_and_proven_in_the_readme() -> None:
    """*Documented* (registry): the package's README, which the index shows, names its entry."""
    entry = load("server.json")

    assert entry["name"] == REGISTRY_NAME
    assert REGISTRY_NAME.partition("/")[2] not in OTHER_SERVERS
    assert f"<!-- mcp-name: {REGISTRY_NAME} -->" in Page("README.md").text


def test_every_file_has_this_version() -> None:
    """*Chosen*: `__version__` is the definition."""
    project = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert project
    assert {
        project[1],
        load("server.json")["version"],
        load("gemini-extension.json")["version"],
        load(f"{PLUGIN}/.claude-plugin/plugin.json")["version"],
    } == {__version__}


def test_every_setting_exists_and_its_default_is_the_servers() -> None:
    """*Chosen*: a form that shows another default would change it."""
    defaults = {each.variable: str(each.default) for each in USER_SETTINGS if each.default}
    given = find_given(Settings.model_fields, {}, defaults)
    chosen = Settings.model_validate(dict(given.values))

    assert {each.field for each in USER_SETTINGS} <= Settings.model_fields.keys()
    assert chosen.model_dump() == Settings().model_dump()
    assert given.notices == NOTHING_GIVEN.notices


def test_only_the_key_is_secret() -> None:
    """*Chosen*: hosts keep secrets in the system's keychain."""
    form = load(f"{PLUGIN}/.claude-plugin/plugin.json")["userConfig"]
    gemini = load("gemini-extension.json")["settings"]
    [package] = load("server.json")["packages"]

    assert [name for name, each in form.items() if each.get("sensitive")] == ["api_key"]
    assert [each["envVar"] for each in gemini if each["sensitive"]] == ["STABILITY_API_KEY"]
    secret = [each["name"] for each in package["environmentVariables"] if each["isSecret"]]
    assert secret == ["STABILITY_API_KEY"]


@pytest.mark.parametrize("name", ["gemini-extension.json", f"{PLUGIN}/.claude-plugin/plugin.json"])
def test_blank_settings_of_an_extension_count_as_not_set(name: str) -> None:
    """*Documented* (anthropics/claude-code#52623): a blank optional value may stay a variable."""
    [server] = load(name)["mcpServers"].values()
    given = find_given(Settings.model_fields, {}, server["env"])

    assert (server["command"], *server["args"]) == COMMAND
    assert server["env"].keys() == {each.variable for each in USER_SETTINGS}
    assert given.values == {}


def test_the_marketplace_leads_to_the_plugin() -> None:
    """*Documented* (code.claude.com, marketplace reference): a path from the root."""
    [entry] = load(".claude-plugin/marketplace.json")["plugins"]
    plugin = ROOT / entry["source"] / ".claude-plugin/plugin.json"

    assert json.loads(plugin.read_text("utf-8"))["name"] == entry["name"]


def test_the_page_shows_the_install_links() -> None:
    """*Chosen*: one function makes them."""
    text = Page("docs/packages.md").text

    assert all(link in text for link in install_links().values())
    assert with_links(text) == text
    assert REGISTRY_NAME in text


def test_the_link_of_cursor_installs_the_package() -> None:
    """*Documented* (cursor.com/docs/mcp/install-links): name, and base64 of the configuration."""
    link = urlsplit(install_links()["Cursor"])
    query = {name: value for name, [value] in parse_qs(link.query).items()}
    server = json.loads(base64.b64decode(query["config"]))

    assert (link.scheme, link.netloc, link.path) == (
        *("cursor", "anysphere.cursor-deeplink", "/mcp/install"),
    )
    assert query["name"] == SERVER
    assert (server["command"], *server["args"]) == COMMAND
    assert find_given(Settings.model_fields, {}, server["env"]).values == {}


@pytest.mark.parametrize("host", ["VS Code", "VS Code Insiders"])
def test_the_links_of_vs_code_install_the_package_and_ask_for_the_key(host: str) -> None:
    """*Documented* (code.visualstudio.com, MCP developer guide): JSON in the query."""
    query = {
        name: value for name, [value] in parse_qs(urlsplit(install_links()[host]).query).items()
    }
    server, [question] = json.loads(query["config"]), json.loads(query["inputs"])

    assert query["name"] == SERVER
    assert (server["command"], *server["args"]) == COMMAND
    assert server["env"] == {"STABILITY_API_KEY": f"${{input:{question['id']}}}"}
    assert question["password"] is True


def test_the_documented_command_runs_the_package() -> None:
    """*Chosen*: uvx runs the script that has the package's name."""
    shown = [each for each in Page("docs/packages.md").commands() if each.startswith("uvx ")]
    scripts = re.search(
        r"\[project\.scripts\]\n(\S+) =", (ROOT / "pyproject.toml").read_text("utf-8")
    )

    assert scripts
    assert COMMAND[1] == scripts[1]
    assert shown
    assert all(tuple(shlex.split(each)[:2]) == COMMAND for each in shown)
