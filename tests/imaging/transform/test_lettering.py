"""Text: wrapping, size, place, fonts and the characters they have."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from stability_mcp.api.fields import Size
from stability_mcp.imaging.transform import typefaces
from stability_mcp.imaging.transform.lettering import (
    MAX_CHARACTERS,
    TextStyle,
    cleaned,
    draw_text,
    fit_text,
    largest_size,
    set_text,
)
from stability_mcp.imaging.transform.paint import BLACK, WHITE, Paint
from stability_mcp.imaging.transform.size_limits import TransformError
from stability_mcp.imaging.transform.typefaces import bundled, installed, typeface_for
from support.imaging.drawn import same

BLUE = Paint(0, 0, 255)


def _style(size: int = 20, **more: object) -> TextStyle:
    return TextStyle(typeface=bundled(), size=size, **more)  # type: ignore[arg-type]


@given(st.text("abc déЖω ", min_size=1, max_size=60), st.integers(30, 300))
def test_no_line_is_wider_than_asked(text: str, width: int) -> None:
    """Chosen: words break only where a line is too narrow for them, and no word is lost."""
    block = set_text(text.strip() or "a", _style(), width)

    assert all(block.style.font.getlength(line) <= width for line in block.lines)
    assert "".join(block.lines).replace(" ", "") == (text.strip() or "a").replace(" ", "")


def test_lines_are_about_equally_long() -> None:
    """Chosen: no single word on the last line."""
    words = "The quick brown fox jumps over the lazy"
    block = set_text(words, _style(), round(_style().font.getlength(words) * 0.93))

    assert len(block.lines) == 2
    lengths = [block.style.font.getlength(line) for line in block.lines]
    assert min(lengths) > max(lengths) * 0.7


def test_line_ends_are_kept() -> None:
    """Chosen: also those that a model writes as a backslash and an n."""
    assert cleaned("one\\ntwo\r\nthree") == "one\ntwo\nthree"
    assert set_text("one\ntwo", _style(), 500).lines == ("one", "two")


def test_chinese_breaks_between_characters_but_not_before_a_full_stop() -> None:
    """Documented (W3C, CSS Text 3, line breaking): no spaces are needed."""
    text = "\u65e5\u672c\u8a9e\u3002" * 6

    lines = set_text(text, _style(), 100).lines

    assert len(lines) > 1
    assert not any(line.startswith("\u3002") for line in lines)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_block_is_where_it_is_put(mode: str) -> None:
    """Chosen: capitals begin at the top left corner and end on the baseline."""
    block = set_text("HELM", _style(60, paint=BLUE), 500)
    paper = Image.new(mode, (400, 200), (255, 255, 255, 255)[: len(mode)])

    draw_text(paper, block, (50, 40))

    red = paper.getchannel("R").point(lambda level: 255 - level)
    left, top, right, bottom = red.getbbox() or (0, 0, 0, 0)
    assert left == pytest.approx(50, abs=6)
    assert top == pytest.approx(40, abs=2)
    assert right == pytest.approx(50 + block.size.width, abs=6)
    assert bottom == pytest.approx(40 + block.size.height, abs=2)


def test_outline_and_shadow_are_around_the_letters() -> None:
    """Chosen: the letters themselves keep their colour."""
    paper = Image.new("RGB", (300, 120), "white")
    plain_style = _style(60, paint=BLUE)
    rich_style = _style(60, paint=BLUE, outline=BLACK, outline_width=4, shadow=True)

    plain, rich = paper.copy(), paper.copy()
    draw_text(plain, set_text("HI", plain_style, 300), (50, 30))
    draw_text(rich, set_text("HI", rich_style, 300), (46, 26))

    solid = plain.getchannel("R").point(lambda level: 255 if level == 0 else 0)
    inside = Image.composite(rich, Image.new("RGB", rich.size, (0, 0, 255)), solid)
    assert same(inside, Image.new("RGB", rich.size, (0, 0, 255)))
    black = rich.convert("L").point(lambda level: 255 if level < 5 else 0)
    assert black.getbbox()


def test_text_that_is_too_large_names_the_size_that_fits() -> None:
    """Chosen: the next call succeeds."""
    within = Size(200, 50)

    with pytest.raises(TransformError, match=r"at size 90") as caught:
        fit_text("A headline of some words", _style(90), within)

    size = int(caught.value.hint.split()[2])
    assert fit_text("A headline of some words", _style(size), within)
    assert largest_size("A headline of some words", _style(90), within) == size


@pytest.mark.parametrize("text", ["", " \n ", "\x00\x07", "x" * (MAX_CHARACTERS + 1)])
def test_blank_and_endless_texts_are_refused(text: str) -> None:
    """Chosen: nothing readable would be drawn."""
    with pytest.raises(TransformError, match=r"blank|at most 2,000 can be drawn"):
        cleaned(text)


def test_the_bundled_font_has_latin_greek_and_cyrillic() -> None:
    """Chosen: most texts need no font of the system; its licence comes with it."""
    assert (
        bundled().lacking(
            "AZaz \u00c4\u00e9\u00df\u0141\u1ebf \u03a9\u03bb \u0416\u0434 \u20ac\u2014\u2026"
        )
        == []
    )
    assert bundled().lacking("a\u65e5b\u672c\u65e5") == ["\u65e5", "\u672c"]
    licence = typefaces.BUNDLED.with_name("Manrope-LICENSE").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence


def test_missing_characters_are_named() -> None:
    """Chosen: boxes instead of letters are never drawn."""
    unassigned = "\U000e0fff"

    with pytest.raises(TransformError, match=r"Manrope lacks .* \(U\+E0FFF\)"):
        typeface_for(f"a{unassigned}")
    with pytest.raises(TransformError, match=r'the font "Manrope" lacks'):
        typeface_for(f"a{unassigned}", "manrope")


def test_an_unknown_font_names_those_that_exist() -> None:
    """Chosen: a model can't know what is installed."""
    with pytest.raises(TransformError, match='no font "Nonexistent Sans" on this machine') as found:
        typeface_for("a", "Nonexistent Sans")

    assert "Manrope" in found.value.hint or "Did you mean" in found.value.hint


def test_fonts_of_the_system_are_found_by_name() -> None:
    """Chosen: family, or family and style, in any case; regular unless a style is named."""
    if not installed():
        pytest.skip("this machine has no fonts")
    face, style = installed()[0]

    assert typeface_for("a", f"{face.name} {style}".upper()).name == face.name
    assert typeface_for("a", face.name.casefold()).name == face.name


def test_the_table_of_characters_agrees_with_the_renderer() -> None:
    """Documented (OpenType, cmap): what isn't in it is drawn as the same box."""
    font = bundled().at(40)
    box = bytes(font.getmask("\u0378"))
    lacking = set(bundled().lacking("".join(map(chr, range(0x21, 0x530)))))

    for code in range(0xAE, 0x530, 7):
        letter = chr(code)
        if unicodedata.category(letter)[0] not in "LS":
            continue  # marks are drawn with another letter, and controls not at all
        drawn = bytes(font.getmask(letter))
        if letter in lacking:
            assert drawn == box, hex(code)
        elif drawn:
            assert drawn != box, hex(code)


@pytest.mark.parametrize("data", [b"", b"ttcf", b"\x00\x01\x00\x00\x00\x09", b"OTTO" + bytes(200)])
def test_a_damaged_font_has_no_characters(data: bytes, tmp_path: pytest.TempPathFactory) -> None:
    """Chosen: fonts are files like others, so they can be broken."""
    path = tmp_path / "broken.ttf"  # type: ignore[operator]
    path.write_bytes(data)
    face = typefaces.Typeface(path=path, name="Broken")

    assert face.lacking("a") == ["a"]
    with pytest.raises(TransformError, match='the font "Broken" can\'t be read'):
        face.at(20)


def test_white_is_the_colour_of_text() -> None:
    """Chosen: it is readable on most photos."""
    assert _style().paint == WHITE


@given(st.text(max_size=40), st.integers(20, 200))
@example("paragraph\u2029separator", 20)
def test_any_text_is_drawn_or_refused(text: str, width: int) -> None:
    """Chosen: the layout library gets only what it can lay out."""
    paper = Image.new("RGB", (200, 100))
    try:
        words = cleaned(text)
        typeface = typeface_for(words)
    except TransformError:
        return
    block = set_text(words, TextStyle(typeface=typeface, size=12), width)
    draw_text(paper, block, (0, 0))

    assert block.size.width >= 1
