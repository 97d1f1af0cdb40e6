"""HTML to plain text: what a shopper would read."""

from __future__ import annotations

import html
import re

_DROPPED = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|template|head|svg)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.S | re.I)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)((?:\"[^\"]*\"|'[^']*'|[^<>\"'])*+)>|</?([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")

_BLOCKS = set(
    "address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol option p pre section select summary table tbody tfoot "
    "thead tr ul".split()
)
_CELLS = {"td", "th"}
_INLINE = set(
    "a abbr acronym audio b bdi bdo big button canvas cite code col colgroup data datalist del dfn em embed font i "
    "iframe img input ins kbd label link map mark meta meter noscript object output param picture progress q rp rt "
    "ruby s samp small source span strike strong sub sup textarea time title track tt u var video wbr".split()
)
_KNOWN = _BLOCKS | _CELLS | _INLINE


def unescape(text: str) -> str:
    """Entities to characters, also those escaped twice ("&amp;eacute;").

    Only with the closing semicolon: "Black&regular" is no "Black®ular".
    """
    for _ in range(3):
        found = _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text
        if found == text:
            break
        text = found
    return text.replace("\xa0", " ")


def plain_text(text: str) -> str:
    """HTML without tags: blocks become line breaks, scripts, styles and comments vanish, entities become characters.

    HTML that was escaped as a whole ("&lt;p&gt;…") counts as HTML. What only looks like a tag ("fits <XL>") stays.
    """
    if "<" not in text:
        text = unescape(text)
    if "<" not in text or not _has_tags(text):
        return _tidy(unescape(text))
    text = re.sub(r"\s+", " ", _DROPPED.sub(" ", text))
    return _tidy(unescape(_TAG.sub(_replaced, text) if ">" in text else text))


def one_line(text: str) -> str:
    """The same in one line, for titles, brands and values."""
    return " ".join(plain_text(text).split()) if "<" in text or "&" in text else " ".join(text.split())


def _has_tags(text: str) -> bool:
    return "<!--" in text or any(_name(match) in _KNOWN | {"script", "style"} for match in _TAG.finditer(text))


def _name(match: re.Match[str]) -> str:
    return (match[1] or match[3]).lower()


def _replaced(match: re.Match[str]) -> str:
    name = _name(match)
    if name in _BLOCKS:
        return "\n"
    if name in _CELLS:
        return " "
    return "" if name in _KNOWN else match[0]


def _tidy(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
