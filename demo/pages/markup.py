"""The one way in which text becomes HTML: escaped."""

from __future__ import annotations

from html import escape


def text(value: object) -> str:
    """Text as HTML, for content and for quoted attributes alike."""
    return escape(str(value), quote=True)


def shortened(value: str, length: int) -> str:
    """At most `length` characters, cut at a word where there are spaces."""
    if len(value) <= length:
        return value
    cut = value[:length]
    return (cut.rsplit(" ", 1)[0] if " " in cut[length // 2 :] else cut).rstrip(" ,.;:，。；、") + "…"
