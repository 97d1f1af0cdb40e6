"""What is not wanted, and what a product says that it lacks: "lamp without cord", "cordless", "sugar-free", "无糖"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from .analysis import CJK, fold, language_of, stem, term, tokens, words
from .chinese import simplified
from .quiet import is_quiet

NEGATED = "!"  # before a term: the text says that the product lacks it
LONGEST_PHRASE = 3  # words


@dataclass(frozen=True)
class _Language:
    before: frozenset[str]  # "without" cord
    behind: frozenset[str] = frozenset()  # sugar "free"
    left_out: frozenset[str] = frozenset()  # battery not "included"
    stops: frozenset[str] = frozenset()  # end what is negated
    links: frozenset[str] = frozenset()  # go on with it
    suffix: re.Pattern[str] | None = None  # cord"less"


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NORTHERN = re.compile("(.{3,}?)(?:fri|los)$")
_LANGUAGES = {
    "da": _Language(_set("uden ikke ingen"), _set("fri"), stops=_set("med i til og"), suffix=_NORTHERN),
    "de": _Language(
        _set("ohne nicht kein keine keinen keinem keiner"),
        _set("frei"),
        _set("enthalten inbegriffen inklusive dabei"),
        _set("mit aus in im auf an fur zum zur bei aber sondern"),
        _set("und oder"),
        re.compile("(.{3,}?)(?:frei|los)e?[mnrs]?$"),
    ),
    "en": _Language(
        _set("without no not non anti w/o"),
        _set("free"),
        _set("included sold"),
        _set("with in on at by from into than but only just so"),
        _set("and or"),
        re.compile("(.{3,})less$"),
    ),
    "es": _Language(_set("sin no"), stops=_set("con en para de"), links=_set("y o ni")),
    "fr": _Language(
        _set("sans pas non"), left_out=_set("inclus incluse inclus incluses fourni fournie fournis fournies"),
        stops=_set("avec en pour sur mais"), links=_set("et ou ni"),
    ),
    "it": _Language(_set("senza non"), stops=_set("con in per"), links=_set("e o")),
    "nl": _Language(
        _set("zonder geen niet"), _set("vrij"), _set("inbegrepen"), _set("met in voor op"), _set("en of"),
        re.compile("(.{3,}?)(?:vrij|loos|loze)$"),
    ),
    "no": _Language(_set("uten ikke ingen"), _set("fri"), stops=_set("med i til og"), suffix=_NORTHERN),
    "pt": _Language(_set("sem nao"), stops=_set("com em para"), links=_set("e ou")),
    "sv": _Language(_set("utan inte ingen"), _set("fri"), stops=_set("med i till och"), suffix=_NORTHERN),
}  # fmt: skip
_PREFIXES = frozenset(("non", "anti"))  # go with one word alone: "non-slip bath mat"
# "Unscented" lacks scent; "under" and "unit" do not end so.
_UN = re.compile("un(.{3,}ed)$")
# "Free standing" and "free shipping" lack nothing.
_NOT_FREE = frozenset(
    "standing shipping delivery stand hand arm flow range gift with and includes for get feel".split()
)
_CLAUSE = re.compile(r"[;:,()\[\]|!?\n\t。，、；：！？（）【】]|\.(?=\s|$)|\s[-–—]\s")
_CHAR = f"[{CJK}]"
_LACKS = "不含|不带|不要|没有|无(?!论|比|限|线)|免(?!费|运|邮|税)|零(?!食|件|钱|下)|非(?!常|洲)"
# Without a dictionary of words: up to 的, up to the end, or else the next character.
_UNWANTED = re.compile(
    rf"(?:{_LACKS}|不是)({_CHAR}{{1,6}}?)的|(?:不含|不带|不要|没有)({_CHAR}{{1,4}})(?!{_CHAR})|(?:{_LACKS})({_CHAR})"
)
_LACKING = re.compile(rf"(?:{_LACKS})({_CHAR}{{1,4}})")
_QUERY_WORD = re.compile(rf"(?<![^\W_])[wW]/[oO](?![^\W_])|[{CJK}]+|[^\W_{CJK}]+")

Beside = Callable[[str, str], bool]  # whether texts hold two terms side by side


@dataclass(frozen=True)
class Negation:
    """A query without what it says is not wanted."""

    kept: str
    phrases: tuple[tuple[str, ...], ...] = field(default=())  # the terms of each; a product holds one that holds all


def parse_negation(query: str, locale: str, beside: Beside) -> Negation:
    """Takes out what is not wanted; nothing where nothing else is asked for.

    `beside` tells how far it goes: "headphones without noise cancelling" means both words where the catalogue knows
    them as neighbours, "lamp without cord white" only the first.
    """
    cuts: list[tuple[int, int]] = []
    phrases: list[tuple[str, ...]] = []
    for match in _UNWANTED.finditer(simplified(query)):
        said = match[1] or match[2] or match[3]
        cuts.append(match.span())
        phrases.append(tuple(said[at : at + 2] for at in range(len(said) - 1)) if len(said) > 1 else (said,))
    rules = _LANGUAGES.get(language_of(locale))
    if rules is not None:
        found = [(fold(match[0]), match.start(), match.end()) for match in _QUERY_WORD.finditer(query)]
        for first, last, phrase in _latin(found, rules, locale, beside):
            # "Sugar-free" and "non-slip" are also what a product is called.
            if found[first][0] in rules.before - _PREFIXES:
                cuts.append((found[first][1], found[last][2]))
            phrases.append(phrase)
    if not cuts:
        return Negation(query, tuple(phrases))
    kept, at = [], 0
    for start, end in sorted(cuts):
        kept.append(query[at:start])
        at = max(at, end)
    rest = " ".join(" ".join([*kept, query[at:]]).split())
    return Negation(rest, tuple(phrases)) if tokens(rest, locale) else Negation(query)


def _latin(
    found: Sequence[tuple[str, int, int]], rules: _Language, locale: str, beside: Beside
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """The first and last place of each negation, and the terms that it negates."""
    taken = -1
    for at, (word, _, _) in enumerate(found):
        if at <= taken:
            continue
        if word in rules.before:
            most = 1 if word in _PREFIXES else LONGEST_PHRASE
            phrase, last = _following(found, at + 1, most, rules, locale, beside)
            if phrase:
                taken = last
                yield at, last, phrase
        elif word in rules.behind and at and _NOT_FREE.isdisjoint(each[0] for each in found[at - 1 : at + 2 : 2]):
            phrase_term = term(found[at - 1][0], locale)
            if at - 1 > taken and not is_quiet(phrase_term, locale) and found[at - 1][0].isalpha():
                taken = at
                yield at - 1, at, (phrase_term,)


def _following(
    found: Sequence[tuple[str, int, int]], at: int, most: int, rules: _Language, locale: str, beside: Beside
) -> tuple[tuple[str, ...], int]:
    while at < len(found) and (is_quiet(term(found[at][0], locale), locale) or len(found[at][0]) == 1):
        at += 1
    phrase: list[str] = []
    while at < len(found) and len(phrase) < most:
        word = found[at][0]
        if not word.isalpha() or word in rules.stops or word in rules.links:
            break
        made = term(word, locale)
        if phrase and not beside(phrase[-1], made):
            break
        phrase.append(made)
        at += 1
    return tuple(phrase), at - 1


def is_negator(word: str, locale: str) -> bool:
    """Whether a plain word says that something is not wanted."""
    rules = _LANGUAGES.get(language_of(locale))
    return rules is not None and (word in rules.before or word in rules.behind)


# ---- what products say -------------------------------------------------------------------------------------------


def negated_terms(texts: Sequence[tuple[str, Sequence[str]]], locale: str) -> dict[str, bool]:
    """The terms of what a product lacks by its own words, and whether it names them only to say so ("without cord").

    `texts`: each with its terms, the weightiest first.

    The first text that names a thing decides: a "cordless lamp" has no cord, whatever is said of the charger's, and a
    "battery trimmer without battery" none of its own.
    """
    decided: dict[str, bool | None] = {}
    for text, terms in texts:
        for each, without in _lacking(text, locale):
            decided.setdefault(each, without and terms.count(each) == 1)
        for each in terms:
            decided.setdefault(each, None)
    return {each: without for each, without in decided.items() if without is not None}


def _lacking(text: str, locale: str) -> Iterator[tuple[str, bool]]:
    """What one text says is lacking, and whether by "without" and the like, not as a name: "cordless", "non-slip"."""
    rules, language = _LANGUAGES.get(language_of(locale)), language_of(locale)
    folded = fold(text)
    for match in _LACKING.finditer(folded):
        yield from ((each, False) for each in tokens(match[1], locale))
    if rules is None or not _signs(language).search(folded):
        return
    for clause in _CLAUSE.split(folded):
        found = words(clause, locale)
        yield from _named(found, rules, locale)
        for word in found:
            said = rules.suffix.match(word) if rules.suffix else None
            if said is None and language == "en":
                said = _UN.match(word)
            if said is not None:
                yield stem(said[1], language), False


@cache
def _signs(language: str) -> re.Pattern[str]:
    """What a text holds that negates anything, and many that do not: looking closely costs more."""
    rules = _LANGUAGES[language]
    named = "|".join(map(re.escape, sorted(rules.before | rules.behind)))
    said = "|(?:less|los|loos|loze|frei|vrij|fri)" if rules.suffix else ""
    lacking = r"|(?<![^\W_])un[a-z]+ed(?![^\W_])" if language == "en" else ""
    return re.compile(rf"(?<![^\W_])(?:{named})(?![^\W_]){said}{lacking}")


def _named(found: Sequence[str], rules: _Language, locale: str) -> Iterator[tuple[str, bool]]:
    for at, word in enumerate(found):
        if word in rules.before:
            if at + 1 < len(found) and found[at + 1] in rules.left_out:
                yield from ((each, False) for each in _preceding(found, at, rules, locale))
            else:
                yield from ((each, word not in _PREFIXES) for each in _words_behind(found, at + 1, rules, locale))
        elif word in rules.behind and at and _NOT_FREE.isdisjoint(found[at - 1 : at + 2 : 2]):
            yield term(found[at - 1], locale), False


def _words_behind(found: Sequence[str], at: int, rules: _Language, locale: str) -> Iterator[str]:
    left = LONGEST_PHRASE
    for word in found[at:]:
        made = term(word, locale)
        if word in rules.links or is_quiet(made, locale):
            continue
        if not left or not word.isalpha() or word in rules.stops:
            return
        left -= 1
        yield made


def _preceding(found: Sequence[str], at: int, rules: _Language, locale: str) -> Iterator[str]:
    left = LONGEST_PHRASE
    for word in reversed(found[:at]):
        if not left or not word.isalpha() or word in rules.stops:
            return
        if word not in rules.links:
            left -= 1
            yield term(word, locale)
