"""The export presets as data: for each purpose the files to write, and who says so.

Sizes are those that a platform recommends for uploads. Where a platform gives none, the source says
`chosen`. Without Pillow, so that the guide can list them.

Length: one table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from stability_mcp.errors import ArgumentsError
from stability_mcp.text import did_you_mean, listed, quoted

FormatName = Literal["png", "jpeg", "webp", "avif", "gif", "tiff", "pdf"]
Fit = Literal["pad", "cover"]

MILLIMETRES_PER_INCH = 25.4
PRINT_DPI = 300
"""Pixels per inch of a print that is held in the hand (chosen, as most print shops ask for it)."""
MAX_PRINT_MM = 2_000


@dataclass(frozen=True, kw_only=True)
class SafeZone:
    """The part of a picture that no interface covers and no mask cuts off."""

    left: int = 0
    """Distance of the zone from that edge of the picture, in pixels."""
    top: int = 0
    right: int = 0
    bottom: int = 0
    round: bool = False
    """Whether it is the ellipse in that rectangle."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One file of a preset."""

    name: str | None = None
    """Fixed file name without ending; None: the name of the picture and of the preset."""
    format: FormatName | None = None
    """None: that of the picture."""
    width: int | None = None
    height: int | None = None
    longest: int | None = None
    """Maximum of the longer side; smaller pictures keep their size."""
    millimetres: tuple[float, float] | None = None
    """Size on paper, upright; it is turned for a picture in landscape format."""
    icon_sizes: tuple[int, ...] = ()
    """Sides of the pictures in an ICO file."""
    max_bytes: int | None = None
    opaque: bool = False
    """Whether transparency is flattened even in a format that has it."""
    white: bool = False
    """Whether the background is white, whatever the colours of the picture."""
    fill: float | None = None
    """Share of the width or height that the subject fills."""
    safe: SafeZone | None = None
    margin: float | None = None
    """Margin that a cut-out subject is scaled to leave, as a share of the side, inside the safe
    zone; None: it stays as it is in the picture."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A purpose and the files for it."""

    group: Literal["web", "social", "icons", "products", "print"]
    title: str
    source: str
    """Where the sizes are documented."""
    targets: tuple[Target, ...]
    manifest: bool = False
    """Whether a web app manifest with the icons is written too."""

    @property
    def is_set(self) -> bool:
        """Return whether its files have fixed names, and so belong into a folder of their own."""
        return any(target.name for target in self.targets)


_CHOSEN = "chosen"
_META_ADS = "facebook.com/business/help/980593475366490, safe zones of stories and reels"
_STORY = SafeZone(top=269, bottom=384)
"""14 % at the top, 20 % at the bottom."""
_REEL = SafeZone(left=65, top=269, right=65, bottom=672)
"""14 % at the top, 35 % at the bottom, 6 % on each side."""
_APPLE = "developer.apple.com/design/human-interface-guidelines/app-icons"
_ANDROID = "developer.android.com/develop/ui/views/launch/icon_design_adaptive"
_PLAY = "support.google.com/googleplay/android-developer/answer/9866151"
_MASKABLE = "w3.org/TR/appmanifest, maskable icons: a circle of 80 % of the side"
_AIR = 0.1
"""Margin of icons that are shown on a plate of their own (chosen)."""
_ANDROID_ZONE = SafeZone(left=84, top=84, right=84, bottom=84, round=True)
"""The circle of 66 of 108 dp, at 4 pixels per dp."""
_MASKABLE_ZONE = SafeZone(left=51, top=51, right=51, bottom=51, round=True)


def _social(title: str, source: str, *targets: Target) -> Preset:
    return Preset(group="social", title=title, source=source, targets=targets)


def _print(title: str, *targets: Target, source: str = _CHOSEN) -> Preset:
    return Preset(group="print", title=title, source=source, targets=targets)


def _product(title: str, source: str, *targets: Target) -> Preset:
    return Preset(group="products", title=title, source=source, targets=targets)


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "web": Preset(
            group="web",
            title="picture in a page",
            source=f"{_CHOSEN}: sharp at 1,024 CSS pixels on screens with double density",
            targets=(Target(format="webp", longest=2_048),),
        ),
        "web-small": Preset(
            group="web",
            title="thumbnail, card",
            source=f"{_CHOSEN}: sharp at 400 CSS pixels on screens with double density",
            targets=(Target(format="webp", longest=800),),
        ),
        "web-jpeg": Preset(
            group="web",
            title="picture in a page, for programs without WebP",
            source=f"{_CHOSEN}: as web",
            targets=(Target(format="jpeg", longest=2_048),),
        ),
        "link-preview": Preset(
            group="web",
            title="preview of a link (Open Graph)",
            source="developers.facebook.com/docs/sharing/webmasters/images",
            targets=(Target(format="jpeg", width=1_200, height=630, max_bytes=8_000_000),),
        ),
        "email": Preset(
            group="web",
            title="attachment of a mail",
            source=_CHOSEN,
            targets=(Target(format="jpeg", longest=1_600, max_bytes=1_000_000),),
        ),
        "instagram-square": _social(
            "post",
            "help.instagram.com/1631821640426723",
            Target(format="jpeg", width=1_080, height=1_080),
        ),
        "instagram-portrait": _social(
            "post, 4:5",
            "help.instagram.com/1631821640426723",
            Target(format="jpeg", width=1_080, height=1_350),
        ),
        "instagram-story": _social(
            "story", _META_ADS, Target(format="jpeg", width=1_080, height=1_920, safe=_STORY)
        ),
        "instagram-reel": _social(
            "cover of a reel",
            _META_ADS,
            Target(format="jpeg", width=1_080, height=1_920, safe=_REEL),
        ),
        "facebook-post": _social(
            "post", _META_ADS, Target(format="jpeg", width=1_080, height=1_350)
        ),
        "facebook-cover": _social(
            "cover; phones show 16:9 of it",
            "facebook.com/help/125379114252045",
            Target(
                format="jpeg",
                width=851,
                height=315,
                max_bytes=100_000,
                safe=SafeZone(left=145, right=146),
            ),
        ),
        "x-post": _social(
            "post, 16:9",
            _CHOSEN,
            Target(format="jpeg", width=1_600, height=900, max_bytes=5_000_000),
        ),
        "x-header": _social(
            "header",
            "help.x.com/en/managing-your-account/common-issues-when-uploading-profile-photo",
            Target(format="jpeg", width=1_500, height=500, max_bytes=2_000_000),
        ),
        "x-profile": _social(
            "profile picture, shown as a circle",
            "help.x.com/en/managing-your-account/common-issues-when-uploading-profile-photo",
            Target(
                format="jpeg", width=400, height=400, max_bytes=2_000_000, safe=SafeZone(round=True)
            ),
        ),
        "linkedin-post": _social(
            "post",
            "linkedin.com/help/linkedin/answer/a563309",
            Target(format="jpeg", width=1_200, height=627),
        ),
        "linkedin-banner": _social(
            "banner of a profile",
            "linkedin.com/help/linkedin/answer/a568217",
            Target(format="jpeg", width=1_584, height=396),
        ),
        "linkedin-page-cover": _social(
            "cover of a page",
            "linkedin.com/help/linkedin/answer/a563309",
            Target(format="jpeg", width=1_128, height=191),
        ),
        "pinterest-pin": _social(
            "pin, 2:3",
            "help.pinterest.com/en/business/article/pinterest-product-specs",
            Target(format="jpeg", width=1_000, height=1_500, max_bytes=20_000_000),
        ),
        "youtube-thumbnail": _social(
            "thumbnail of a video",
            "support.google.com/youtube/answer/72431",
            Target(format="jpeg", width=1_280, height=720, max_bytes=2_000_000),
        ),
        "youtube-banner": _social(
            "banner of a channel",
            "support.google.com/youtube/answer/2972003: 1235x338 is always visible",
            Target(
                format="jpeg",
                width=2_048,
                height=1_152,
                max_bytes=6_000_000,
                safe=SafeZone(left=406, top=407, right=407, bottom=407),
            ),
        ),
        "tiktok": _social(
            "video cover, 9:16", _CHOSEN, Target(format="jpeg", width=1_080, height=1_920)
        ),
        "favicon": Preset(
            group="icons",
            title="icons of a website, with manifest",
            source="evilmartians.com/chronicles/how-to-favicon-in-2021; developer.apple.com, "
            "Configuring Web Applications",
            targets=(
                Target(name="favicon", icon_sizes=(16, 32, 48), margin=0.0),
                Target(
                    name="apple-touch-icon",
                    format="png",
                    width=180,
                    height=180,
                    opaque=True,
                    margin=_AIR,
                ),
                Target(name="icon-192", format="png", width=192, height=192, margin=0.0),
                Target(name="icon-512", format="png", width=512, height=512, margin=0.0),
            ),
            manifest=True,
        ),
        "pwa-icons": Preset(
            group="icons",
            title="icons of an installable web app, with manifest",
            source=_MASKABLE,
            targets=(
                Target(name="icon-192", format="png", width=192, height=192, margin=0.0),
                Target(name="icon-512", format="png", width=512, height=512, margin=0.0),
                Target(
                    name="icon-maskable-512",
                    format="png",
                    width=512,
                    height=512,
                    opaque=True,
                    safe=_MASKABLE_ZONE,
                    margin=0.0,
                ),
            ),
            manifest=True,
        ),
        "ios-icon": Preset(
            group="icons",
            title="app icon for iOS, without transparency",
            source=_APPLE,
            targets=(Target(format="png", width=1_024, height=1_024, opaque=True, margin=_AIR),),
        ),
        "android-icon": Preset(
            group="icons",
            title="adaptive icon layer and store icon for Android",
            source=f"{_ANDROID}; {_PLAY}",
            targets=(
                Target(
                    name="ic_launcher_foreground",
                    format="png",
                    width=432,
                    height=432,
                    safe=_ANDROID_ZONE,
                    margin=0.0,
                ),
                Target(
                    name="play-store-icon",
                    format="png",
                    width=512,
                    height=512,
                    max_bytes=1_000_000,
                    margin=_AIR,
                ),
            ),
        ),
        "windows-icon": Preset(
            group="icons",
            title="icon of a program",
            source="learn.microsoft.com/windows/win32/uxguide/vis-icons",
            targets=(Target(icon_sizes=(16, 24, 32, 48, 256), margin=0.0),),
        ),
        "white": _product(
            "any size, transparency on white", _CHOSEN, Target(opaque=True, white=True)
        ),
        "amazon": _product(
            "main picture: subject fills 85 %, on white",
            "sellercentral.amazon.com/help/hub/reference/G1881",
            Target(
                format="jpeg",
                width=2_000,
                height=2_000,
                white=True,
                fill=0.85,
                max_bytes=10_000_000,
            ),
        ),
        "google-merchant": _product(
            "subject fills 80 %, on white",
            "support.google.com/merchants/answer/6324350",
            Target(
                format="jpeg", width=1_500, height=1_500, white=True, fill=0.8, max_bytes=16_000_000
            ),
        ),
        "ebay": _product(
            "square, on white",
            "ebay.com/help/selling/listings/adding-pictures-listings?id=4148",
            Target(
                format="jpeg",
                width=1_600,
                height=1_600,
                white=True,
                fill=0.85,
                max_bytes=12_000_000,
            ),
        ),
        "shopify": _product(
            "square",
            "help.shopify.com/manual/products/product-media/product-media-types",
            Target(format="jpeg", width=2_048, height=2_048, white=True, max_bytes=20_000_000),
        ),
        "print-a3": _print("A3", Target(format="jpeg", millimetres=(297, 420)), source="ISO 216"),
        "print-a4": _print("A4", Target(format="jpeg", millimetres=(210, 297)), source="ISO 216"),
        "print-a5": _print("A5", Target(format="jpeg", millimetres=(148, 210)), source="ISO 216"),
        "print-a6": _print(
            "A6, postcard", Target(format="jpeg", millimetres=(105, 148)), source="ISO 216"
        ),
        "print-letter": _print(
            "US Letter",
            Target(format="jpeg", millimetres=(215.9, 279.4)),
            source="ANSI/ASME Y14.1, 8.5 by 11 inches",
        ),
        "print-4x6in": _print(
            "photo, 4 by 6 inches", Target(format="jpeg", millimetres=(101.6, 152.4))
        ),
        "print-5x7in": _print(
            "photo, 5 by 7 inches", Target(format="jpeg", millimetres=(127, 177.8))
        ),
    }
)
"""Every preset by name."""

PAPER = "print-WxH"
"""Any size on paper, in millimetres."""
_PAPER_SIZE = re.compile(r"print-(\d{1,4}(?:\.\d)?)x(\d{1,4}(?:\.\d)?)(?:mm)?")


def find_preset(name: str) -> tuple[str, Preset]:
    """Return a preset and its name; case, spaces and underscores don't matter.

    Raises:
        ArgumentsError: there is none of that name.
    """
    key = re.sub(r"[\s_-]+", "-", name.strip().casefold())
    if key in PRESETS:
        return key, PRESETS[key]
    paper = _PAPER_SIZE.fullmatch(key)
    sides = sorted(float(each) for each in paper.groups()) if paper else [0.0]
    if sides[0] > 0 and sides[-1] <= MAX_PRINT_MM:
        return key, _print(
            f"{sides[0]:g} by {sides[1]:g} mm",
            Target(format="jpeg", millimetres=(sides[0], sides[1])),
        )
    if paper:
        raise ArgumentsError(
            f"There is no preset {quoted(name)}: sides are above 0 and up to {MAX_PRINT_MM:,} mm.",
            hint="Correct the size.",
        )
    guess = did_you_mean(key, PRESETS)
    names = (*PRESETS, f"{PAPER} (millimetres)")
    raise ArgumentsError(
        f"There is no preset {quoted(name)}.",
        hint=f"{guess} Presets: {listed(names, most=len(names))}.".strip(),
    )


def preset_lines() -> list[str]:
    """Return a line for each preset, grouped, in Markdown."""
    lines: list[str] = []
    for group in dict.fromkeys(preset.group for preset in PRESETS.values()):
        lines += ["", f"{group.capitalize()}:"] if lines else [f"{group.capitalize()}:"]
        lines += [
            f"- {name}: {preset.title}; {'; '.join(map(_described, preset.targets))}"
            for name, preset in PRESETS.items()
            if preset.group == group
        ]
    return [*lines, f"- {PAPER}: any size in millimetres, such as print-120x80"]


def _described(target: Target) -> str:
    """Return what is written, such as `1080x1920 jpeg, up to 2 MB, safe zone`."""
    if target.icon_sizes:
        size, form = " ".join(map(str, target.icon_sizes)), "ico"
    else:
        size, form = _size(target), target.format or "same format"
    parts = [f"{size} {form}".strip()]
    if target.max_bytes:
        parts.append(f"up to {target.max_bytes / 1e6:g} MB")
    if target.safe:
        parts.append("safe zone")
    return ", ".join(parts)


def _size(target: Target) -> str:
    if target.millimetres:
        return f"{target.millimetres[0]:g}x{target.millimetres[1]:g} mm"
    if target.longest:
        return f"up to {target.longest}"
    return f"{target.width}x{target.height}" if target.width else ""
