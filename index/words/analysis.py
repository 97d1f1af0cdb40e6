"""From text to the words that are indexed and looked up; catalogue and query go the same way."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

import Stemmer

from .units import unify_units

ANALYSIS_VERSION = 3  # stands in each generation's manifest: another analysis needs another lexical index

# Languages of a locale with a Snowball stemmer; others are indexed as they stand.
STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
WORD = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")
# "children's" is "children", "don't" is "dont": a lone s or t is a rare word that says nothing. 6' stays six feet.
POSSESSIVE = re.compile(r"(?<=[^\W\d_])'s\b")
APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
FIRST_CJK = re.compile(f"[{CJK}]")
VULGAR = re.compile("([\u00bc-\u00be\u2150-\u215e])")


def fold(text: str) -> str:
    """Compatibility forms, case and accents folded: "Ｃafé 2½" is "cafe 2 1/2"."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", VULGAR.sub(r" \1", text)).casefold().replace("\u2044", "/")
    text = text.replace("\u2019", "'").replace("\u2033", '"').replace("\u201d", '"').replace("\u2032", "'")
    if text.isascii():
        return text
    # Accents go only from Latin letters: in Japanese or Korean the marks make another letter.
    decomposed = unicodedata.normalize("NFD", text)
    kept = "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f")
    return unicodedata.normalize("NFC", kept)


@cache
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    name = STEMMERS.get(language)
    return Stemmer.Stemmer(name, 0) if name else None


@lru_cache(maxsize=200_000)
def _stem(language: str, word: str) -> str:
    stemmer = _stemmer(language)
    return word if stemmer is None else stemmer.stemWord(word)


def _without_apostrophes(text: str) -> str:
    return APOSTROPHE.sub("", POSSESSIVE.sub("", text)) if "'" in text else text


def tokens(text: str, locale: str) -> list[str]:
    """The words of a text in reading order, stemmed by the locale's language.

    Chinese, Japanese and Korean runs become single characters and pairs of neighbours, which need no dictionary.

    >>> tokens("Running shoes, 27-inch", "en"), tokens("保温杯", "zh")
    (['run', 'shoe', '27', 'in'], ['保', '保温', '温', '温杯', '杯'])
    """
    language = locale.split("-")[0]
    found: list[str] = []
    for word in WORD.findall(unify_units(_without_apostrophes(fold(text)))):
        if FIRST_CJK.match(word):
            for position, char in enumerate(word):
                found.append(char)
                if position + 1 < len(word):
                    found.append(word[position : position + 2])
        else:
            found.append(_stem(language, word))
    return found
