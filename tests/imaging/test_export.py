"""Pictures made ready for a purpose: placement, quality under a limit, safe zones, PDF, presets."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import IcoImagePlugin, Image, ImageDraw
from PIL.PdfParser import PdfParser

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError, FileUnusableError
from stability_mcp.imaging.colours import Rgb
from stability_mcp.imaging.export.byte_limit import best_within
from stability_mcp.imaging.export.export_formats import (
    ENDINGS,
    EXPORT_FORMATS,
    encode_icon,
    encode_picture,
)
from stability_mcp.imaging.export.export_presets import (
    PRESETS,
    SafeZone,
    Target,
    find_preset,
    preset_lines,
)
from stability_mcp.imaging.export.pdf_pages import Page, pdf_of
from stability_mcp.imaging.export.placement import Box, Wanted, place
from stability_mcp.imaging.export.press_colours import press_name, to_press
from stability_mcp.imaging.export.rendering import FileSpec, Original, compose, render
from stability_mcp.imaging.export.safe_zone import check_zone, find_subject
from support.imaging.odd_pictures import press_profile, profile

few = settings(max_examples=60, deadline=None)
sides = st.integers(1, 3_000)
sizes = st.builds(Size, sides, sides)
TARGETS = [
    pytest.param(target, id=f"{name}-{target.name or number}")
    for name, preset in PRESETS.items()
    for number, target in enumerate(preset.targets)
]


def _grain(size: tuple[int, int] = (160, 120)) -> Image.Image:
    return Image.effect_noise(size, 60).convert("RGB")


def _ball(
    size: tuple[int, int] = (200, 120), box: tuple[int, ...] = (60, 20, 139, 99)
) -> Image.Image:
    picture = Image.new("RGBA", size)
    ImageDraw.Draw(picture).ellipse(box, fill="#d02020")
    return picture


# Placement


@few
@given(sizes, st.integers(1, 2_000), st.integers(1, 2_000), st.sampled_from(["pad", "cover"]))
def test_a_fitted_picture_has_exactly_the_size_and_isnt_distorted(
    size: Size, width: int, height: int, fit: str
) -> None:
    """Chosen: both directions are scaled alike, to half a pixel."""
    wanted = Wanted(width=width, height=height, fit=fit)  # type: ignore[arg-type]  # sampled
    found = place(size, wanted, None)

    assert found.canvas == (width, height)
    across = found.size.width / found.part.width
    down = found.size.height / found.part.height
    assert abs(across - down) * min(found.part.width, found.part.height) <= 1
    assert found.at[0] >= 0
    assert found.at[0] + found.size.width <= width
    assert found.at[1] + found.size.height <= height
    if fit == "pad":
        assert not found.cropped(size)
    else:
        assert not found.padded


@few
@given(sizes, sides, sides)
def test_both_sides_without_a_fit_are_a_maximum(size: Size, width: int, height: int) -> None:
    """Chosen: nothing is enlarged, cropped or padded by default."""
    found = place(size, Wanted(width=width, height=height), None)

    assert found.canvas.width <= min(width, size.width)
    assert found.canvas.height <= min(height, size.height)
    assert not found.padded
    assert not found.cropped(size)


@few
@given(sizes, sides)
def test_one_side_is_exact(size: Size, side: int) -> None:
    """Chosen: the other side follows."""
    assert place(size, Wanted(width=side), None).canvas.width == side
    assert place(size, Wanted(height=side), None).canvas.height == side


def test_a_crop_follows_the_subject_as_far_as_the_picture_reaches() -> None:
    """Chosen: a subject at the edge is in the crop, and no pixel is invented."""
    found = place(Size(400, 100), Wanted(width=100, height=100, fit="cover"), Box(350, 10, 390, 90))

    assert found.part == Box(300, 0, 400, 100)


def test_a_scaled_edge_of_a_cut_out_has_no_dark_rim() -> None:
    """Chosen: colours of transparent pixels don't leak."""
    original = Original(_ball())
    spec = FileSpec(form=EXPORT_FORMATS["png"], wanted=Wanted(width=50))
    small = compose(original, spec).picture
    red, alpha = small.getchannel("R").tobytes(), small.getchannel("A").tobytes()

    assert small.mode == "RGBA"
    assert min(level for level, opaque in zip(red, alpha, strict=True) if opaque > 16) > 190


def test_a_one_pixel_picture_can_be_any_format() -> None:
    """Chosen: the smallest picture is one."""
    original = Original(Image.new("RGB", (1, 1), "teal"))
    for name, form in EXPORT_FORMATS.items():
        rendered = render(original, FileSpec(form=form))
        if name != "pdf":
            assert Image.open(io.BytesIO(rendered.data)).size == (1, 1), name


def test_a_canvas_too_large_for_memory_is_refused() -> None:
    """Chosen: a pad to 20,000 x 20,000 would need 1.6 GB."""
    original = Original(Image.new("RGB", (9, 9)))
    wanted = Wanted(width=20_000, height=20_000, fit="pad")

    with pytest.raises(ArgumentsError, match="20,000x20,000 pixels are too many"):
        compose(original, FileSpec(form=EXPORT_FORMATS["png"], wanted=wanted))
    with pytest.raises(ArgumentsError, match="too large for webp: a side has at most 16,383"):
        compose(
            original,
            FileSpec(form=EXPORT_FORMATS["webp"], wanted=Wanted(width=17_000, height=9, fit="pad")),
        )


# Bytes


@few
@given(st.lists(st.integers(0, 400), min_size=1, max_size=40), st.integers(0, 400))
def test_the_next_better_level_never_fits(lengths: list[int], limit: int) -> None:
    """Chosen: the best quality under the limit, to one step, even if sizes aren't monotonic."""
    levels = list(range(len(lengths)))
    attempt, fits = best_within(levels, lambda level: bytes(lengths[level]), limit)

    assert fits == (len(attempt.data) <= limit)
    if fits and attempt.level != levels[-1]:
        assert lengths[attempt.level + 1] > limit
    if not fits:
        assert attempt.level == 0
        assert lengths[-1] > limit


@pytest.mark.parametrize("name", ["jpeg", "webp", "png", "gif"])
def test_a_file_is_under_its_limit_at_the_best_quality(name: str) -> None:
    """Chosen: one more step of quality, or of colours, would exceed it."""
    form, original = EXPORT_FORMATS[name], Original(_grain())
    sizes = [len(encode_picture(original.picture, form, level)) for level in form.levels]
    for limit in (sizes[0], (sizes[0] + sizes[-1]) // 2, sizes[-1] - 1):
        data = render(original, FileSpec(form=form, max_bytes=limit)).data
        level = max(n for n, size in enumerate(sizes) if size <= limit)
        assert len(data) <= limit
        assert len(data) in sizes[max(0, level - 1) : level + 1]


@settings(max_examples=8, deadline=None)
@given(st.integers(700, 9_000))
def test_a_picture_is_shrunk_only_if_that_is_allowed(limit: int) -> None:
    """Chosen: size in pixels is what people notice first."""
    original, form = Original(_grain()), EXPORT_FORMATS["jpeg"]
    data = render(original, FileSpec(form=form, max_bytes=limit, shrink=True)).data
    least = len(encode_picture(original.picture, form, form.levels[0]))

    assert len(data) <= limit
    if least > limit:
        with pytest.raises(ArgumentsError, match=f"at the lowest quality it has {least:,}"):
            render(original, FileSpec(form=form, max_bytes=limit))


def test_a_limit_that_no_size_meets_is_an_error() -> None:
    """Chosen: it ends instead of returning an empty picture."""
    spec = FileSpec(form=EXPORT_FORMATS["jpeg"], max_bytes=40, shrink=True)

    with pytest.raises(ArgumentsError, match="doesn't fit into 40 bytes"):
        render(Original(_grain()), spec)


@pytest.mark.parametrize("name", ["png", "jpeg", "webp", "avif", "gif", "tiff"])
def test_equal_pictures_give_equal_bytes_without_metadata(name: str) -> None:
    """Chosen: an export can be compared by its hash, and reveals nothing."""
    picture = _grain()
    picture.info = {
        "comment": b"secret",
        "exif": b"Exif\0\0secret",
        "dpi": (1, 1),
        "xmp": b"secret",
    }
    first, second = (
        render(Original(picture), FileSpec(form=EXPORT_FORMATS[name])).data for _ in range(2)
    )

    assert first == second
    assert b"secret" not in first
    assert not Image.open(io.BytesIO(first)).info.keys() & {"exif", "comment", "xmp"}


# Formats


def test_transparency_is_flattened_where_a_format_has_none() -> None:
    """Chosen: on white, and reported; a colour that was asked for is used instead."""
    original, jpeg = Original(_ball()), EXPORT_FORMATS["jpeg"]
    white = render(original, FileSpec(form=jpeg))
    blue = render(original, FileSpec(form=jpeg, background=Rgb(0, 0, 255)))

    assert "transparency flattened on white" in white.changes
    assert Image.open(io.BytesIO(white.data)).getpixel((0, 0)) == (255, 255, 255)
    shown = Image.open(io.BytesIO(blue.data)).getpixel((0, 0))
    assert isinstance(shown, tuple)
    assert shown[2] > 250
    assert shown[0] < 10


@pytest.mark.parametrize("name", ["png", "webp", "avif", "gif", "tiff"])
def test_transparency_is_kept_where_a_format_has_it(name: str) -> None:
    """Chosen: a logo stays one."""
    data = render(Original(_ball()), FileSpec(form=EXPORT_FORMATS[name])).data
    alpha = Image.open(io.BytesIO(data)).convert("RGBA").getchannel("A")

    assert alpha.getpixel((0, 0)) == 0
    assert alpha.getpixel((100, 60)) == 255


def test_padding_continues_a_plain_background() -> None:
    """Chosen: a bar of another colour would be a frame."""
    picture = Image.new("RGB", (200, 100), "#204060")
    ImageDraw.Draw(picture).ellipse((70, 20, 129, 79), fill="white")
    wanted = Wanted(width=100, height=100, fit="pad")
    composed = compose(Original(picture), FileSpec(form=EXPORT_FORMATS["png"], wanted=wanted))

    assert composed.picture.getpixel((5, 5)) == (0x20, 0x40, 0x60)


def test_an_icon_file_has_every_size() -> None:
    """Chosen: each is scaled from the original, not from another size."""
    parts = [_ball().resize((side, side)) for side in (16, 32, 48)]
    with IcoImagePlugin.IcoImageFile(io.BytesIO(encode_icon(parts))) as icon:
        assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
        for part in parts:
            assert icon.ico.getimage(part.size).convert("RGBA").tobytes() == part.tobytes()


# Safe zones


def _zone_text(box: tuple[int, ...], zone: SafeZone) -> str:
    original = Original(_ball((200, 200), box))
    spec = FileSpec(form=EXPORT_FORMATS["jpeg"], safe=zone)
    zone_check = compose(original, spec).zone
    assert zone_check is not None
    return zone_check.text


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((60, 60, 139, 139), "the subject is inside"),
        ((60, 5, 139, 84), "is outside (top)"),
        ((60, 115, 139, 194), "is outside (bottom)"),
        ((5, 60, 84, 139), "is outside (left)"),
        ((115, 60, 194, 139), "is outside (right)"),
        ((5, 5, 194, 194), "is outside (left, top, right, bottom)"),
    ],
)
def test_a_subject_outside_the_safe_zone_is_noticed(box: tuple[int, ...], expected: str) -> None:
    """Chosen: with the side, as that says where to move it."""
    assert expected in _zone_text(box, SafeZone(left=40, top=40, right=40, bottom=40))


def test_corners_outside_a_round_zone_are_noticed() -> None:
    """Chosen: a square in the square around the circle isn't inside the circle."""
    square = Image.new("RGBA", (200, 200))
    ImageDraw.Draw(square).rectangle((42, 42, 157, 157), fill="teal")
    spec = FileSpec(form=EXPORT_FORMATS["png"], safe=SafeZone(left=40, top=40, right=40, bottom=40))
    round_zone = SafeZone(left=40, top=40, right=40, bottom=40, round=True)
    found = compose(Original(square), spec).zone
    rounded = check_zone(find_subject(square), place(Size(200, 200), Wanted(), None), round_zone)

    assert found is not None
    assert found.outside == 0
    assert rounded.outside is not None
    assert rounded.outside > 0.05


def test_a_cut_out_is_scaled_into_the_safe_circle() -> None:
    """Documented (Android): nothing in the circle of 66 dp is ever cut off."""
    target = PRESETS["android-icon"].targets[0]
    for box in ((0, 0, 199, 20), (90, 10, 110, 190), (10, 10, 190, 190)):
        picture = Image.new("RGBA", (200, 200))
        ImageDraw.Draw(picture).rectangle(box, fill="teal")
        wanted = Wanted(width=432, height=432, fit="pad", inside=target.safe)
        spec = FileSpec(form=EXPORT_FORMATS["png"], wanted=wanted, safe=target.safe)
        composed = compose(Original(picture), spec)
        assert composed.zone is not None
        assert composed.zone.outside == 0
        assert composed.picture.size == (432, 432)


def test_the_preview_tints_what_is_outside() -> None:
    """Chosen: a person sees the zone."""
    spec = FileSpec(form=EXPORT_FORMATS["jpeg"], safe=SafeZone(top=50))
    shown = render(Original(Image.new("RGB", (200, 200), "white")), spec).thumbnail

    assert shown.getpixel((100, 10)) != (255, 255, 255)
    assert shown.getpixel((100, 190)) == (255, 255, 255)


def test_a_product_fills_its_share() -> None:
    """Documented (Amazon): 85 % of the frame."""
    wanted = Wanted(width=400, height=400, fit="pad", fill=0.85)
    spec = FileSpec(form=EXPORT_FORMATS["png"], wanted=wanted, background=Rgb(255, 255, 255))
    shown = compose(Original(_ball()), spec).picture
    box = Image.eval(shown.convert("L"), lambda level: 255 * (level < 200)).getbbox()

    assert box is not None
    assert max(box[2] - box[0], box[3] - box[1]) == pytest.approx(0.85 * 400, abs=3)
    assert box[0] == pytest.approx(400 - box[2], abs=2)


# PDF and print


def _pages(count: int) -> list[Page]:
    pages = []
    for number in range(count):
        size = (60 + 10 * number, 40)
        jpeg = encode_picture(_grain(size), EXPORT_FORMATS["pdf"], 80)
        pages.append(Page(jpeg=jpeg, width=size[0], height=size[1], dpi=72))
    return pages


def test_a_pdf_has_a_page_per_picture_and_a_valid_cross_reference() -> None:
    """Documented (ISO 32000-1, 7.5): readers find every object by the table at the end."""
    pages = _pages(3)
    data = pdf_of(pages)

    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    offsets = [int(each) for each in re.findall(rb"^(\d{10}) \d{5} n", data[start:], re.MULTILINE)]
    assert data.startswith(b"%PDF-1.4")
    assert [int(data[offset:].split(b" ", 1)[0]) for offset in offsets] == [
        *range(1, len(offsets) + 1)
    ]
    with PdfParser(buf=data) as parsed:
        assert [parsed.read_indirect(each)[b"MediaBox"][2] for each in parsed.pages] == [60, 70, 80]
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data)
    assert boxes == [(b"60.00", b"40.00"), (b"70.00", b"40.00"), (b"80.00", b"40.00")]
    assert all(page.jpeg in data for page in pages)
    assert pdf_of(pages) == data


def test_print_colours_are_those_of_the_profile() -> None:
    """Chosen: black text is printed with only black ink if the profile says so."""
    data = press_profile()
    picture = Image.new("RGB", (2, 1), "white")
    picture.putpixel((0, 0), (0, 0, 0))

    assert press_name(data, "press.icc") == "Press"
    assert to_press(picture, data).tobytes() == bytes((0, 0, 0, 255, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"not a profile", "isn't an ICC profile"),
        (b"", "isn't an ICC profile"),
        (profile("RGB"), "is a profile for RGB, not for CMYK"),
    ],
)
def test_another_file_as_profile_is_refused(data: bytes, expected: str) -> None:
    """Chosen: before anything is written."""
    with pytest.raises(FileUnusableError, match=expected):
        press_name(data, "press.icc")


def test_cmyk_files_hold_their_profile() -> None:
    """Chosen: without it a print shop would guess."""
    press = press_profile()
    spec = FileSpec(form=EXPORT_FORMATS["jpeg"], press=press, dpi=300)
    shown = Image.open(io.BytesIO(render(Original(_grain()), spec).data))
    page = Page(jpeg=b"", width=1, height=1, dpi=72, cmyk=True, profile=press)

    assert shown.mode == "CMYK"
    assert shown.info["icc_profile"] == press
    assert shown.info["dpi"] == (300, 300)
    assert press in pdf_of([page, page])
    assert pdf_of([page, page]).count(press) == 1


# Presets


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_can_be_made(target: Target) -> None:
    """Chosen: each row has one size, and a zone inside it."""
    kinds = (target.width, target.longest, target.millimetres, target.icon_sizes)
    assert sum(map(bool, kinds)) <= 1
    assert bool(target.width) == bool(target.height)
    zone = target.safe
    if zone is not None:
        assert target.width is not None
        assert target.height is not None
        assert zone.left + zone.right < target.width
        assert zone.top + zone.bottom < target.height


def test_every_preset_has_a_source_and_a_line() -> None:
    """Chosen: a size without a source is a rumour."""
    lines = preset_lines()

    for name, preset in PRESETS.items():
        assert preset.source
        assert any(line.startswith(f"- {name}: {preset.title}") for line in lines)
        assert find_preset(name.replace("-", " ").upper()) == (name, preset)


def test_any_paper_size_is_a_preset() -> None:
    """Chosen: posters and cards have many sizes."""
    _, preset = find_preset("print-85x55mm")

    assert preset.targets[0].millimetres == (55, 85)
    for wrong in ("print-0x50", "print-9000x50", "print-x", "prnt-85x55"):
        with pytest.raises(ArgumentsError, match="There is no preset"):
            find_preset(wrong)


def test_every_format_has_an_ending() -> None:
    """Chosen: a file name chooses the format."""
    assert {ENDINGS[form.ending] for form in EXPORT_FORMATS.values()} == EXPORT_FORMATS.keys()


def test_fewer_colours_make_a_png_smaller() -> None:
    """Chosen: that is how a PNG meets a limit without another format."""
    form = EXPORT_FORMATS["png"]
    sizes = [len(encode_picture(_grain(), form, level)) for level in form.levels]

    assert sizes == sorted(sizes)
