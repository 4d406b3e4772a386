"""Renders what the demo made as one HTML page without external files or scripts.

Previews and short sounds are embedded as data URIs, so the page still works when it is moved. All
texts are escaped: prompts, labels and paths come from the user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

MAX_SOUND_BYTES = 150_000
"""Longer sounds are only linked. With the previews of seven steps (64 KB each at most), the page
stays under 1 MB."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """One step of the demo and its result."""

    purpose: str
    """What the step shows, as a phrase."""
    tool: str
    title: str
    """The tool's display name."""
    arguments: Mapping[str, Any]
    label: str
    """Name of the result, which later steps may use as input."""
    path: Path | None
    """The readable copy; None if the step failed or copies are off."""
    further: Sequence[Path] = ()
    """The copies of further results of the step."""
    media_type: str
    size: str
    """Dimensions or duration, format and file size."""
    price: str
    seconds: float
    """Duration of the call."""
    preview: str
    """Preview as a data URI; empty for a sound."""
    thumbnail: str
    """The preview at the size of a line of text, shown where a later step uses the result."""
    sound: str
    """A short sound as a data URI; else empty."""
    text: str
    """What the agent read."""
    failed: bool


_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 16%, transparent);
  --soft: color-mix(in srgb, currentColor 66%, transparent); }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 62rem; margin: 2.5rem auto;
  padding: 0 1rem; background: light-dark(#fff, #16181c); color: light-dark(#1b1d21, #e8e8e6); }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.05rem; margin: 0; }
p { margin: .25rem 0; }
ol { list-style: none; margin: 2rem 0; padding: 0; display: grid; gap: 1.25rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); }
li { border: 1px solid var(--line); border-radius: .75rem; overflow: hidden; display: flex;
  flex-direction: column; }
.shown { aspect-ratio: 3 / 2; display: grid; place-items: center; padding: 1rem;
  background: repeating-conic-gradient(light-dark(#eee, #24272d) 0 25%, transparent 0 50%)
  0 0 / 1rem 1rem; }
.shown:has(> img) { padding: 0; }
.shown img { width: 100%; height: 100%; object-fit: contain; }
.shown audio { width: 100%; }
.about { padding: .9rem 1rem 1rem; display: grid; gap: .4rem; align-content: start; flex: 1; }
.from { display: flex; align-items: center; gap: .5rem; }
.from img { width: 3rem; height: 2rem; object-fit: cover; border-radius: .25rem; }
a { color: light-dark(#0b57d0, #8ab4f8); }
a:focus-visible, summary:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
code, pre { font: .8125rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; margin: .5rem 0 0; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .75rem; margin: 0;
  font-size: .875rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.soft, summary, footer { color: var(--soft); font-size: .875rem; }
.price { float: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:;
 media-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>What the stability-mcp demo made</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>What the demo made</h1>
<p>{summary}</p>
<p class="soft">{note}</p>
</header>
<main>
<ol>
{steps}
</ol>
</main>
<footer>Made by stability-mcp. Every step is a tool call that an agent could have made.</footer>
</body>
</html>
"""

EMULATED = (
    "Made by the built-in emulator, which is rule-based and not an AI model. With an API key, the "
    "same calls return results of Stability's models."
)


def render(steps: Sequence[Made], *, summary: str, emulated: bool) -> str:
    """Return the page: a card for each step, with its sources, price and file.

    Args:
        steps: All steps in their order; a later one may use an earlier one's label as input.
        summary: What all of it cost, in a sentence.
        emulated: Whether the emulator made the results.
    """
    by_label = {each.label: each for each in steps}
    return _PAGE.format(
        style=_STYLE,
        summary=escape(summary),
        note=escape(EMULATED if emulated else ""),
        steps="\n".join(_card(each, by_label) for each in steps),
    )


def _card(step: Made, by_label: Mapping[str, Made]) -> str:
    given = {name: str(value) for name, value in step.arguments.items() if name != "label"}
    sources = [by_label[value] for value in given.values() if value in by_label]
    facts = {
        **{name.replace("_", " "): text for name, text in given.items() if text not in by_label},
        "tool": step.tool,
        "result": "failed" if step.failed else step.size,
        "time": f"{step.seconds:.1f} s",
    }
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items()
    )
    return (
        f'<li id="{escape(step.label)}"><div class="shown">{_shown(step)}</div>'
        f'<div class="about"><h2><span class="price">{escape(step.price)}</span>'
        f"{escape(step.title)}</h2><p>{escape(step.purpose)}</p>"
        f"{''.join(map(_source, sources))}<dl>{rows}</dl>{_link(step.path)}"
        f"{''.join(map(_link, step.further))}"
        f"<details><summary>What the agent read</summary><pre>{escape(step.text)}</pre></details>"
        "</div></li>"
    )


def _shown(step: Made) -> str:
    if step.preview:
        return f'<img src="{escape(step.preview)}" alt="{escape(_alternative(step))}">'
    if step.sound:
        return (
            f'<audio controls src="{escape(step.sound)}" aria-label="{escape(step.label)}"></audio>'
        )
    return f"<span>{escape('failed' if step.failed else step.media_type)}</span>"


def _alternative(step: Made) -> str:
    return f"{step.label}: {step.arguments.get('prompt', step.purpose)}"


def _source(step: Made) -> str:
    thumbnail = f'<img src="{escape(step.thumbnail)}" alt="">' if step.thumbnail else ""
    label = escape(step.label)
    return f'<p class="from">{thumbnail}<span>made from <a href="#{label}">{label}</a></span></p>'


def _link(path: Path | None) -> str:
    if path is None:
        return ""
    uri = path.absolute().as_uri()
    return f'<p><a href="{escape(uri)}"><code>{escape(str(path))}</code></a></p>'
