"""Draws a shared page: one HTML file that needs nothing else, runs nothing and loads nothing.

Every text is escaped, and isolated in direction: a label with markup or an Arabic prompt changes
nothing next to it. The policy in the page allows the one style sheet and embedded media only.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from stability_mcp.text import plain

FEW_PAIRS = 10
"""With fewer compared pairs a tally says nothing: by chance, 7 of 9 happens in 9 % of cases."""

_STYLE = """
:root { color-scheme: light dark; --text: light-dark(#1b1c1e, #ececea);
  --muted: light-dark(#5c5e62, #a4a8af); --line: light-dark(#dddcd8, #34373c);
  --sunken: light-dark(#f0f0ee, #101113); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1680px; padding: 2rem clamp(1rem, 3vw, 3rem) 3rem;
  background: light-dark(#fbfbfa, #161719); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { margin: 0 0 .5rem; font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .75rem; font-size: 1.05rem; overflow-wrap: anywhere; }
header { margin-bottom: 1.25rem; }
header p, figcaption p { margin: 0; white-space: pre-line; overflow-wrap: anywhere; }
header p { max-width: 72ch; color: var(--muted); }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr));
  gap: 1.5rem; margin: 0; padding: 0; list-style: none; align-items: start; }
ul.few { grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
ul.few img { max-height: 85vh; }
figure { margin: 0; }
img { display: block; width: 100%; height: auto; max-height: 70vh; object-fit: contain;
  border-radius: 8px; background: var(--sunken); }
audio { width: 100%; margin-top: .5rem; }
figcaption { padding-top: .5rem; font-size: .9rem; }
figcaption b { overflow-wrap: anywhere; }
small, .facts { color: var(--muted); font-size: .85rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem 1.25rem .35rem 0; text-align: start;
  border-bottom: 1px solid var(--line); }
footer { margin-top: 2.5rem; color: var(--muted); font-size: .8rem; }
"""
_POLICY = (
    "default-src 'none'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """A file in the page."""

    media_type: str
    data: bytes

    @property
    def uri(self) -> str:
        """Return it as an address."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True, kw_only=True)
class SharedItem:
    """A picture, a sound or a 3D model in the page."""

    name: str
    facts: str
    """Size or length, and the price if it was asked for."""
    prompt: str = ""
    """"" if it wasn't asked for."""
    picture: Embedded | None = None
    """Of a sound, its waveform; of a 3D model, a drawing."""
    size: tuple[int, int] | None = None
    """Pixels of the picture."""
    sound: Embedded | None = None


@dataclass(frozen=True, kw_only=True)
class SharedGroup:
    """Items below one heading."""

    title: str
    """"" for none."""
    items: Sequence[SharedItem]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A row of a tally of blind comparisons."""

    name: str
    wins: int
    ties: int
    pairs: int

    @property
    def text(self) -> str:
        """Return the result in words: `12 of 20, 2 ties`."""
        ties = f", {self.ties} tie{'s' * (self.ties != 1)}" if self.ties else ""
        few = "; too few to conclude" if self.pairs < FEW_PAIRS else ""
        return f"{self.wins} of {self.pairs}{ties}{few}"


@dataclass(frozen=True, kw_only=True)
class SharedPage:
    """What a page shows."""

    title: str
    text: str
    groups: Sequence[SharedGroup]
    measured: Sequence[str] = ()
    """How two pictures differ."""
    tally: Sequence[Standing] = ()
    note: str = ""
    """What a reader has to know of all of it."""


def draw_page(page: SharedPage) -> bytes:
    """Return the page as UTF-8."""
    return "".join(f"{line}\n" for line in _lines(page)).encode()


def _lines(page: SharedPage) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">'
    yield f"<title>{_text(page.title)}</title><style>{_STYLE}</style></head><body>"
    yield f'<header><h1 dir="auto">{_text(page.title)}</h1>'
    if page.text:
        yield f'<p dir="auto">{_text(page.text)}</p>'
    yield "</header><main>"
    yield from _tally(page.tally)
    if page.measured:
        lines = "<br>".join(map(_text, page.measured))
        yield f'<h2>What differs</h2><p class="facts">{lines}</p>'
    few = sum(len(each.items) for each in page.groups) <= 2  # noqa: PLR2004 -- side by side
    for group in page.groups:
        if group.title:
            yield f'<h2 dir="auto">{_text(group.title)}</h2>'
        yield '<ul class="few">' if few else "<ul>"
        for item in group.items:
            yield f"<li>{''.join(_figure(item))}</li>"
        yield "</ul>"
    yield "</main>"
    if page.note:
        yield f"<footer>{_text(page.note)}</footer>"
    yield "</body></html>"


def _figure(item: SharedItem) -> Iterator[str]:
    yield "<figure>"
    if item.picture is not None:
        width, height = item.size or (0, 0)
        size = f' width="{width}" height="{height}"' if item.size else ""
        yield f'<img src="{item.picture.uri}" alt="{_text(item.name)}"{size}>'
    if item.sound is not None:
        name = _text(item.name)
        yield f'<audio controls preload="none" src="{item.sound.uri}" aria-label="{name}"></audio>'
    yield f'<figcaption><b dir="auto"><bdi>{_text(item.name)}</bdi></b> '
    yield f"<small>{_text(item.facts)}</small>"
    if item.prompt:
        yield f'<p dir="auto">{_text(item.prompt)}</p>'
    yield "</figcaption></figure>"


def _tally(rows: Iterable[Standing]) -> Iterator[str]:
    shown = [
        f'<tr><th scope="row"><bdi>{_text(each.name)}</bdi></th><td>{each.text}</td></tr>'
        for each in rows
    ]
    if shown:
        yield "<h2>Blind comparison: wins</h2><table><tbody>"
        yield from shown
        yield "</tbody></table>"


def _text(text: str) -> str:
    return escape(plain(text))
