"""Removes what chat programs and models put around a reference: quotes, brackets, `@`, Markdown.

A file may really be called `@draft.png`, so the importer tries a reference as it was written first,
and the forms from here only if nothing has that name.
"""

import re

MAX_WRAPPERS = 4
"""Layers that are removed, such as Markdown, angle brackets, quotes and `@` around one path."""

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Zero-width characters and direction marks, which copying from a web page or chat adds."""

_PAIRS = {
    '"': '"',
    "'": "'",
    "`": "`",
    "<": ">",
    "\u201c": "\u201d",
    "\u201e": "\u201c",
    "\u2018": "\u2019",
    "\u00ab": "\u00bb",
    "\u300c": "\u300d",
}
"""Quotes and brackets: straight, macOS's smart quotes, German, French, Japanese, and autolinks."""

_MARKDOWN = re.compile(
    r"!?\[[^\]]*\]\((?P<target><[^>]*>|[^()]*(?:\([^()]*\)[^()]*)*)\)", re.DOTALL
)
_TITLE = re.compile(r"""\s+(?:"[^"]*"|'[^']*')$""")
_PLACEHOLDER = re.compile(
    r"""\[?\s*
    (?:(?:the|my|your)\s+(?=attached|uploaded|pasted|user))?
    (?:(?:attached|uploaded|pasted|user)[\s_-]*)*
    (?:image|img|picture|photo|screenshot|file|audio|sound|attachment|upload)
    [\s_-]*(?:attachment|upload)?[\s:_-]*\#?\s*\d{0,3}\s*\]?
    (?:\.(?:png|jpe?g|webp))?""",
    re.VERBOSE | re.IGNORECASE,
)


def unwrap(text: str) -> list[str]:
    """Return the forms of a reference without its wrappers, one layer less each.

    The list is empty if nothing is around it: `![fox](<@/a b.png>)` gives `<@/a b.png>`,
    `@/a b.png` and `/a b.png`.
    """
    forms: list[str] = []
    inner = text
    for _ in range(MAX_WRAPPERS):
        outer, inner = inner, _unwrap_once(inner)
        if inner == outer:
            break
        forms.append(inner)
    return forms


def is_attachment_placeholder(text: str) -> bool:
    """Return whether a reference is what hosts write in place of an attached file.

    Such as `[Image #1]` (Claude Code), `attachment_0` or `uploaded image`. A file or a label may
    have such a name too, so ask this only when nothing was found.
    """
    return _PLACEHOLDER.fullmatch(text.strip()) is not None


def _unwrap_once(text: str) -> str:
    text = text.strip().strip(INVISIBLE).strip()
    markdown = _MARKDOWN.fullmatch(text)
    if markdown is not None:
        return _TITLE.sub("", markdown["target"].strip())
    if len(text) > 1 and _PAIRS.get(text[0]) == text[-1]:
        return text[1:-1].strip()
    return text.removeprefix("@")
