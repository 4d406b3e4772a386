"""The page about hosts lists every host of `install` with its file, and nothing else."""

from stability_mcp.hosts.entry import TOKEN_VARIABLE
from stability_mcp.hosts.known import HOSTS, Host, Platform
from support.docs.pages import Page

PAGE = Page("docs/hosts.md")
FOLDERS = {
    "home": "~",
    "config": "~/.config",
    "appdata": "%APPDATA%",
    "localappdata": "%LOCALAPPDATA%",
    "claude": "~",
    "codex": "~/.codex",
}
"""What the variables of paths stand for unless another variable moves them."""


def test_the_table_of_hosts_is_the_table_in_the_code() -> None:
    """*Chosen*: names, files of the three platforms, and whether HTTP is possible."""
    _, *rows = PAGE.rows("## Hosts and their files")

    assert rows == [row(host) for host in HOSTS.values()]


def row(host: Host) -> list[str]:
    """Return the row of a host."""
    return [
        host.name,
        f"`{host.id}`",
        file(host, "linux"),
        "the same" if file(host, "darwin") == file(host, "linux") else file(host, "darwin"),
        file(host, "win32"),
        "yes" if host.http else "no",
        f"[documentation]({host.source})",
    ]


def file(host: Host, platform: Platform) -> str:
    """Return the files of a host on a platform, as the page shows them."""
    paths = [each.format_map(FOLDERS) for each in host.paths.get(platform, ())]
    if platform == "win32":
        paths = [each.replace("~", "%USERPROFILE%").replace("/", "\\") for each in paths]
    return " or ".join(f"`{each}`" for each in paths) or "`--file`"


def test_the_page_names_where_secrets_come_from() -> None:
    """*Chosen*: the variable, and every host that reads the key in a way of its own."""
    text = PAGE.section("## The key")

    assert f"`{TOKEN_VARIABLE}`" in PAGE.text
    for host in HOSTS.values():
        assert host.name in text
