"""What chat programs and models put around a reference, and placeholders for attachments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.media.unwrap import INVISIBLE, MAX_WRAPPERS, is_attachment_placeholder, unwrap

PATHS = [
    "/home/me/a b.png",
    "~/Pictures/fox (1).png",
    "fox.png",
    "media://k7f3q2m9xa",
    "file:///home/me/a%20b.png",
    "C:\\Users\\me\\fox.png",
    "hero",
]
WRAPPERS = {
    "at": "@{}",
    "double quotes": '"{}"',
    "single quotes": "'{}'",
    "backticks": "`{}`",
    "smart quotes": "\u201c{}\u201d",
    "smart single quotes": "\u2018{}\u2019",
    "German quotes": "\u201e{}\u201c",
    "French quotes": "\u00ab {} \u00bb",
    "Japanese quotes": "\u300c{}\u300d",
    "autolink": "<{}>",
    "Markdown link": "[fox]({})",
    "Markdown picture": "![a fox]({})",
    "Markdown with a title": '![a fox]({} "A fox")',
    "Markdown with angle brackets": "![fox](<{}>)",
    "spaces": "  {}\n",
    "zero-width characters": "\u200b{}\ufeff",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_one_wrapper_is_removed(wrapper: str, path: str) -> None:
    """Chosen: the list is what hosts (`@`), Markdown and keyboards (smart quotes) add."""
    assert unwrap(wrapper.format(path))[-1] == path


@given(
    st.lists(st.sampled_from(list(WRAPPERS.values())), max_size=2),
    st.sampled_from([path for path in PATHS if "(" not in path]),
)
def test_nested_wrappers_are_removed_one_by_one(wrappers: list[str], path: str) -> None:
    """Chosen: `@"a b.png"` and `[x](<"a b.png">)` occur; every layer is one form to try."""
    text = path
    for wrapper in wrappers:
        text = wrapper.format(text)

    assert path in [text, *unwrap(text)]
    assert len(unwrap(text)) <= MAX_WRAPPERS


@pytest.mark.parametrize("text", [*PATHS, "a@b.png", "[draft] fox.png", "it's.png", ""])
def test_what_has_no_wrapper_has_no_other_form(text: str) -> None:
    """Chosen: brackets, quotes and @ inside a name belong to it."""
    assert unwrap(text) == []


@given(st.text(alphabet=st.sampled_from(list("[]()<>!@\"'`ab/. \u201c" + INVISIBLE)), max_size=60))
def test_any_text_is_handled(text: str) -> None:
    """Chosen: every form is shorter than the one before, so it always ends."""
    lengths = [len(text), *map(len, unwrap(text))]

    assert lengths == sorted(set(lengths), reverse=True)


@pytest.mark.parametrize(
    "text",
    [
        "[Image #1]",
        "[Image 2]",
        "[image]",
        "image_0",
        "attachment_0",
        "[Attachment 1]",
        "attachment:0",
        "uploaded image",
        "the uploaded image",
        "my attached photo 2",
        "attached_file",
        "pasted image 1",
        "user_uploaded_image.png",
        "Screenshot",
    ],
)
def test_a_placeholder_of_a_host_is_recognised(text: str) -> None:
    """Documented (Claude Code): `[Image #1]`; the rest is what models write for attachments."""
    assert is_attachment_placeholder(text)


@pytest.mark.parametrize(
    "text", ["fox.png", "hero", "imagery", "image of a fox", "[Image #1] of 2", "profile", "/image"]
)
def test_other_names_stay_names(text: str) -> None:
    """Chosen: only the whole text counts."""
    assert not is_attachment_placeholder(text)
