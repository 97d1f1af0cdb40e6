"""What a query means in words: what was meant, what is not wanted, and what else stands for a word."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, pairwise, product

from ..index import View, Wanted
from ..index.words import compounds, spelling
from ..index.words.analysis import FIRST_CJK, language_of, plain, stem, term, terms_of, words
from ..index.words.negation import NEGATED, parse_negation
from ..index.words.quiet import is_quiet
from ..index.words.vocabulary import is_word
from .correction import MOST_WORDS, Change, Correction

# What stands for a word counts less than the word. Chosen on Home Depot, buckets 30-99; see docs/search.md.
JOINED, SPLIT, KIND, HEAD, MODIFIER, ALIKE = 0.7, 0.7, 0.7, 0.3, 0.3, 0.5
LARGE = 10_000  # texts
MOST_PAIRS = 50  # of modifiers and heads of a word
LONG_ENOUGH = 6  # letters of a word that may be two
# A word in so few texts may be a typo of the catalogue's own, where another is so much more frequent.
RARE, MORE_FREQUENT = 1 / 10_000, 10

STEPS = frozenset(("spelling", "splitting", "joining", "sounds", "alike", "compounds", "negation"))


@dataclass(frozen=True, slots=True)
class Understood:
    """A query as it is searched."""

    typed: str = ""
    corrected: str | None = None  # the whole query, where words were read as others
    changes: tuple[Change, ...] = ()
    words: tuple[Wanted, ...] = ()  # distinct
    excluded: tuple[tuple[Wanted, ...], ...] = ()  # a product holds one of these that holds all of its words
    encoded: str = ""  # what the encoder reads

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms of the words that are wanted, distinct and in reading order."""
        return tuple(each.term for each in self.words if each.needed)


def understand(
    query: str,
    locale: str,
    view: View,
    correct: bool = True,
    without: frozenset[str] = frozenset(),
    known: frozenset[str] = frozenset(),
) -> Understood:
    """Reads a query against the words of a view; without `correct` it is searched as it was typed.

    `without` leaves out some of STEPS, to measure what each gives. `known`: terms that are no typos for the shop.
    """
    return _Reader(view, locale, STEPS - without, known).read(query, correct)


class _Reader:
    def __init__(self, view: View, locale: str, steps: frozenset[str], known: frozenset[str]) -> None:
        self.view, self.lexicon = view, view.lexicon
        self.locale, self.language, self.steps, self.known = locale, language_of(locale), steps, known

    def read(self, query: str, correct: bool) -> Understood:
        reading = Correction(self.lexicon, self.locale, self.steps, self._is_compound, self.known)
        meant, changes = reading.read(query) if correct else (query, ())
        negation = parse_negation(meant, self.locale, self._beside) if "negation" in self.steps else None
        kept = negation.kept if negation else meant
        wanted = self._words(kept)
        excluded: list[tuple[Wanted, ...]] = []
        for phrase in negation.phrases if negation else ():
            excluded.append(tuple(self._excluded(each) for each in phrase))
            # A product that says that it lacks it is what is asked for.
            wanted += [Wanted(NEGATED + each, needed=False) for each in phrase]
        return Understood(
            typed=query,
            corrected=meant if changes else None,
            changes=changes,
            words=tuple(dict.fromkeys(wanted)),
            excluded=tuple(excluded),
            # As it was typed: an encoder reads typos itself, and knows better where a word was read wrongly (Home
            # Depot, buckets 30-99, the 1,025 queries that are corrected: nDCG@10 .376, and .366 as corrected).
            encoded=meant if any(each.why == "sound" for each in changes) else query,
        )

    def _beside(self, one: str, other: str) -> bool:
        return self.lexicon.side_by_side(one, other) > 0

    def _known(self, word: str) -> bool:
        return self.lexicon.count(word, self.language) > 0

    # ---- what stands for a word ----------------------------------------------------------------------------------

    def _words(self, text: str) -> list[Wanted]:
        found = words(text, self.locale)
        looked_at = found[:MOST_WORDS]
        also: dict[str, dict[str, float]] = {}
        if "joining" in self.steps:
            for one, other in pairwise(looked_at):
                for joined in self._joined(one, other):
                    for each in (one, other):
                        also.setdefault(term(each, self.locale), {})[joined] = JOINED
        made: dict[str, Wanted] = {}
        for at, word in enumerate(found):
            if FIRST_CJK.match(word):
                made.update((each, Wanted(each)) for each in terms_of([word], self.locale))
            elif (own := term(word, self.locale)) not in made:
                made[own] = self._wanted(word, own, also.get(own, {})) if at < MOST_WORDS else Wanted(own)
        return list(made.values())

    def _joined(self, one: str, other: str) -> list[str]:
        """The terms of two neighbours as one word, where the catalogue writes them so."""
        if not (is_word(one) and is_word(other)) or len(one) + len(other) < LONG_ENOUGH - 1:
            return []
        both = {term(one, self.locale), term(other, self.locale)}
        joined = compounds.joined(plain(one, self.language), plain(other, self.language), self.language)
        return [each for each in dict.fromkeys(joined) if each not in both and self._count(each) >= self._fewest]

    @property
    def _fewest(self) -> int:
        """Texts that must write two words as one, or one as two; one alone says little in a large catalogue."""
        return 2 if self.view.n_texts >= LARGE else 1

    def _parts(self, word: str) -> list[tuple[list[str], list[str]]]:
        """For each way to make a plain word of two: the terms of its modifier that are known, and those of its head.

        A head is known too that stands only in other compounds: "Glasdosen" where there are "Brotdosen".
        """
        made = []
        for before, head in compounds.cuts(word, self.language) if "compounds" in self.steps else ():
            if compounds.is_kind(before, head, self.language, self._known):
                own = stem(head, self.language)
                heads = [own] * self._known(own) + self.lexicon.kinds_of(head, self.language)
                if heads:
                    modifiers = dict.fromkeys(compounds.modifiers(before, self.language))
                    made.append(([each for each in modifiers if self._known(each)], heads))
        return made

    def _is_compound(self, word: str) -> bool:
        return any(modifiers for modifiers, _ in self._parts(word))

    def _count(self, word: str) -> int:
        return self.lexicon.count(word, self.language)

    def _wanted(self, word: str, own: str, also: dict[str, float]) -> Wanted:
        if not is_word(word) or is_quiet(own, self.locale):
            return Wanted(own, also=tuple(also.items()))
        together: dict[tuple[str, ...], float] = {}
        partly: dict[str, float] = {}
        if "alike" in self.steps and (other := self._more_frequent(word, own)):
            also = {other: ALIKE, **also}
        if "splitting" in self.steps:
            together.update(dict.fromkeys(self._halves(word), SPLIT))
        if "compounds" in self.steps and self.language in compounds.LINKS:
            bare = plain(word, self.language)
            for modifiers, heads in self._parts(bare):
                together.update(dict.fromkeys(islice(product(modifiers, heads), MOST_PAIRS), SPLIT))
                partly.update(dict.fromkeys(heads, HEAD))
            also = {**dict.fromkeys(self.lexicon.kinds_of(bare, self.language), KIND), **also}
            partly.update((each, MODIFIER) for each in self.lexicon.made_of(bare, self.language) if each not in also)
        for each in (own, *also):
            partly.pop(each, None)
        return Wanted(own, tuple(also.items()), tuple(together.items()), tuple(partly.items()))

    def _excluded(self, own: str) -> Wanted:
        kinds = self.lexicon.kinds_of(own, self.language) if self.language in compounds.LINKS else []
        return Wanted(own, tuple((each, KIND) for each in kinds))

    def _halves(self, word: str) -> list[tuple[str, str]]:
        """The terms of two neighbours of the catalogue that make the word."""
        if len(word) < LONG_ENOUGH:
            return []
        cuts = [
            (term(word[:at], self.locale), term(word[at:], self.locale))
            for at in range(compounds.SHORTEST_PART, len(word) - compounds.SHORTEST_PART + 1)
        ]
        return [cut for cut in cuts if self.lexicon.side_by_side(*cut) >= self._fewest]

    def _more_frequent(self, word: str, own: str) -> str:
        """The term of a far more frequent word that differs in one letter from a rare one; blank without one."""
        count = self._count(own)
        if not 0 < count <= max(1, int(RARE * self.view.n_texts)) or len(word) < spelling.SHORTEST + 1:
            return ""
        bare = plain(word, self.language)
        near = [
            each
            for each in self.lexicon.alike(bare, self.language)
            if each.changes == 1 and each.plain[0] == bare[0] and each.count >= MORE_FREQUENT * count
        ]
        others = [(each.count, made) for each in near if (made := term(each.word, self.locale)) != own]
        return max(others)[1] if others else ""
