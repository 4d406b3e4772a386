"""The pages link to each other correctly, and the paths that they name exist."""

import re

import pytest

from support.docs.pages import NAMES, ROOT, Page, code_words

INDEX = Page("docs/README.md")


@pytest.mark.parametrize("name", NAMES)
def test_links_within_the_project_resolve(name: str) -> None:
    """*Chosen*: files and headings."""
    page = Page(name)
    broken = []
    for link in page.links():
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        known = target.exists() and target.resolve().is_relative_to(ROOT)
        if known and anchor:
            known = anchor in Page(target.resolve().relative_to(ROOT).as_posix()).anchors()
        if not known:
            broken.append(link)

    assert broken == []


def test_the_index_lists_every_page() -> None:
    """*Chosen*: a page that isn't listed isn't found."""
    pages = {name.removeprefix("docs/") for name in NAMES if name.startswith("docs/")}

    assert set(INDEX.links()) == {*pages - {"README.md"}, "../README.md"}


def test_the_readme_leads_to_every_page() -> None:
    """*Chosen*: it is the start page."""
    pages = {name for name in NAMES if name.startswith("docs/") and name != INDEX.name}

    assert {link.partition("#")[0] for link in Page("README.md").links()} >= pages


def test_the_demo_environment_is_not_next_to_the_project_file() -> None:
    """Documented (virtualenv 21.15): there it writes a file `.venv`, which blocks `make test`."""
    [folder] = re.findall(r"^DEMO +:= (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)

    assert (ROOT / folder).parent != ROOT


def test_paths_and_make_targets_exist() -> None:
    """*Chosen*: a guide that names missing files misleads its reader."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = [
        path
        for name in ("CONTRIBUTING.md", "docs/architecture.md")
        for path in re.findall(
            r"`([\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|json|yaml|toml)))`", Page(name).text
        )
    ]
    places = (ROOT, ROOT / "src/stability_mcp", ROOT / "src/stability_emulator")
    made = {
        code.split()[1]
        for name in NAMES
        for code in (*code_words(Page(name).text), *Page(name).commands())
        if code.startswith("make ")
    }

    assert len(named) > 50
    assert [path for path in named if not any((each / path).exists() for each in places)] == []
    assert made <= targets
