"""From text to the words that are indexed and looked up; catalogue and query go the same way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

import Stemmer

from .chinese import simplified
from .units import unify_units

ANALYSIS_VERSION = 6  # stands in each generation's manifest: another analysis needs another lexical index

# Languages of a locale with a Snowball stemmer; others are indexed as they stand.
STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
_END = r"(?![^\W_])"  # no letter or digit follows
_START = r"(?<![^\W_])"
# A fraction and a decimal are one word each: as two numbers "1/2" would meet every 1 and every 2 (Home Depot, buckets
# 30-99, queries with a number: nDCG@10 .414 against .401). So are "C++" and "C#".
WORD = re.compile(
    rf"[{CJK}]+|{_START}(?:\d+/\d+|\d*(?:\.\d+){{1,3}}){_END}|{_START}[^\W\d_{CJK}](?:\+\+|#)(?!\w)|[^\W_{CJK}]+"
)
# "children's" is "children", "don't" is "dont": a lone s or t is a rare word that says nothing. 6' stays six feet.
POSSESSIVE = re.compile(r"(?<=[^\W\d_])'s\b")
APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
# What is left out before a vowel: "l'huile d'olive" is "huile olive".
ELISION = {
    "ca": re.compile(rf"{_START}[dlmnst]'(?=[^\W\d_])"),
    "fr": re.compile(rf"{_START}(?:[cdjlmnst]|(?:jus|lors|puis|quoi)?qu)'(?=[^\W\d_])"),
    "it": re.compile(rf"{_START}(?:[cdlmnstv]|un|quest|quell|(?:d|n|s|c)[aeou]ll|all)'(?=[^\W\d_])"),
}
# "A/C" is "ac", "U.S." is "us", "AT&T" is "att".
_LETTER = rf"[^\W\d_{CJK}]"
ACRONYM = re.compile(rf"{_START}({_LETTER}(?:[./&]{_LETTER}){{1,7}}|{_LETTER}{{1,2}}&{_LETTER}{{1,2}}){_END}\.?")
WITH = re.compile(rf"{_START}w/\s?(o{_END})?")
# Languages that write 1,5 for one and a half and 1.000 for a thousand.
COMMA = frozenset("ca cs da de es fi fr hu it nl no pl pt ro ru sv tr".split())
DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d{1,2}(?!\d))")
DOTTED_THOUSANDS = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{3})(?![\d.])")
# Shoppers who have no ä on their keyboard type ae; not in "neue" and "quer".
DIGRAPH = re.compile(r"([ao])e|(?<![aeq])(u)e")
FIRST_CJK = re.compile(f"[{CJK}]")
VULGAR = re.compile("([\u00bc-\u00be\u2150-\u215e])")
_MARKS = re.compile("[\u0300-\u036f]")
# Letters that no decomposition takes apart.
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})
_QUOTES = str.maketrans({"\u2044": "/", "\u2019": "'", "\u2032": "'", "\u2033": '"', "\u201d": '"'})


def language_of(locale: str) -> str:
    """The language of a locale, "de" of "de-AT"; blank for a blank one."""
    return locale.partition("-")[0]


def fold(text: str) -> str:
    """Compatibility forms, case, accents and traditional characters folded: "Ｃafé 2½" is "cafe 2 1/2"."""
    if text.isascii():
        return text.lower()
    text = _compatible(text).casefold().translate(_LETTERS)
    if text.isascii():
        return text
    # Accents go only from Latin letters: in Japanese or Korean the marks make another letter.
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))


def _compatible(text: str) -> str:
    text = unicodedata.normalize("NFKC", VULGAR.sub(r" \1", text)).translate(_QUOTES)
    return simplified(text) if FIRST_CJK.search(text) else text


def words(text: str, locale: str) -> list[str]:
    """The words of a text in reading order: lower case, with their accents and endings; Chinese runs whole.

    >>> words("Les Théières, 1,5 l", "fr")
    ['les', 'théières', '1.5', 'l']
    """
    language = language_of(locale)
    # A mark that stays apart belongs to no letter that exists.
    text = text.lower() if text.isascii() else _MARKS.sub("", _compatible(text).lower())
    if language in COMMA:
        text = DECIMAL_COMMA.sub(".", DOTTED_THOUSANDS.sub(r"\1\2", text))
    if "'" in text:
        if language in ELISION:
            text = ELISION[language].sub("", text)
        text = APOSTROPHE.sub("", POSSESSIVE.sub("", text))
    if language == "en" and "w/" in text:
        text = WITH.sub(lambda found: " without " if found[1] else " with ", text)
    text = ACRONYM.sub(_joined, text)
    return WORD.findall(unify_units(text))


def _joined(acronym: re.Match[str]) -> str:
    return "".join(char for char in acronym[1] if char not in "./&")


@cache
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    name = STEMMERS.get(language)
    return Stemmer.Stemmer(name, 0) if name else None


def plain(word: str, language: str) -> str:
    """One of `words`, not Chinese, without accents but with its ending."""
    made = fold(word)
    if language == "de":
        made = DIGRAPH.sub(r"\1\2", made)
    return made[1:] if made.startswith("0.") else made


def stem(word: str, language: str) -> str:
    """A plain word without its ending."""
    stemmer = _stemmer(language)
    return word if stemmer is None else stemmer.stemWord(word) or word


@lru_cache(maxsize=200_000)
def _term(word: str, language: str) -> str:
    return stem(plain(word, language), language)


def term(word: str, locale: str) -> str:
    """What one of `words`, not Chinese, is indexed as: without accents, stemmed by the locale's language."""
    return _term(word, language_of(locale))


def many_terms(words_: Iterable[str], language: str) -> list[str]:
    """`term` of very many words of letters, in any order."""
    simple: list[str] = []
    accented: list[str] = []
    for word in words_:
        (simple if word.isascii() else accented).append(word)
    text = "\n".join(("\n".join(simple).lower(), fold("\n".join(accented))))
    if language == "de":
        text = DIGRAPH.sub(r"\1\2", text)
    stemmer = _stemmer(language)
    made = text.split()
    return made if stemmer is None else stemmer.stemWords(made)


def tokens(text: str, locale: str) -> list[str]:
    """The terms of a text in reading order.

    Chinese, Japanese and Korean runs become single characters and pairs of neighbours, which need no dictionary.

    >>> tokens("Running shoes, 27-inch, 1/2 in.", "en"), tokens("保温杯", "zh")
    (['run', 'shoe', '27', 'in', '1/2', 'in'], ['保', '保温', '温', '温杯', '杯'])
    """
    return terms_of(words(text, locale), locale)


def terms_of(found: list[str], locale: str) -> list[str]:
    """The terms of some `words`."""
    language = language_of(locale)
    made: list[str] = []
    for word in found:
        if FIRST_CJK.match(word):
            for position, char in enumerate(word):
                made.append(char)
                if position + 1 < len(word):
                    made.append(word[position : position + 2])
        else:
            made.append(_term(word, language))
    return made
