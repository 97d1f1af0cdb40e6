"""Queries made from the catalogue alone, for a shop that has neither judgements nor searches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random

from ...index import Product
from ...index.words.analysis import FIRST_CJK
from ..judgement import Judgement
from .errors import SignalError
from .phrases import HEAD_FIRST, Phrases, Title, has_digit, joined
from .queries import normalized

WEIGHT = 0.3  # what a made query counts beside a rater's judgement
# Words in a query and how often: three in the middle, as in most shops that tell of it. Two
# Chinese signs count as a word.
LENGTHS: Mapping[int, float] = {1: 0.07, 2: 0.28, 3: 0.33, 4: 0.18, 5: 0.09, 6: 0.05}
OTHER_FORM = 0.15  # of all queries: one word in another form that the catalogue knows, "shelves" for "shelf"
SWAPPED = 0.10  # two neighbours change places
SLIP = 0.03  # a slip of the keyboard in one long word
_TRIES = 4  # for each query wanted: short titles say little twice
_COMMONEST, _RAREST = 1.0, 4.5  # rarities: between these a word is chosen in proportion to its own
_UNIQUE, _NUMBER = 0.3, 0.4  # a word of one product is seldom asked for, and so is a number


@dataclass(frozen=True, slots=True)
class _Source:
    """What a query is made from."""

    title: Title
    brand: list[str]
    types: list[list[str]]  # the categories' last labels
    values: list[list[str]]  # of attributes and options


Recipe = Callable[["_Maker", _Source, int], list[str]]


def synthetic_queries(
    products: Iterable[Product],
    *,
    each: int = 4,
    seed: int = 0,
    locale: str = "en",
    weight: float = WEIGHT,
    lengths: Mapping[int, float] = LENGTHS,
) -> list[Judgement]:
    """Up to `each` different queries for each product and locale, as judgements with gain 1 and `weight`.

    Made of a title's type and of the words beside it that tell products apart, of brand, measures, attributes and
    categories; in lower case, some in another form, some with a slip. A product's queries depend on `seed`, its id and
    the words of the catalogue. `locale` stands for a product's blank one; `lengths` is how often a query has so many
    words, by number. Raises `SignalError` where no product yields a query.
    """
    if each < 1 or not 0 < weight <= 1:
        raise SignalError(f"wanted one query or more for each product and a weight up to 1, got {each} and {weight:g}")
    by_locale: dict[str, list[tuple[str, Product]]] = defaultdict(list)
    for product in products:
        for own in product.texts:
            by_locale[own or locale].append((own, product))
    made: list[Judgement] = []
    for code, sold in by_locale.items():
        phrases = Phrases((product.texts[own].title for own, product in sold), code)
        for own, product in sold:
            maker = _Maker(phrases, Random(f"{seed}\n{code}\n{product.id}"), lengths)
            source = _source(product, own, phrases)
            made += [Judgement(query, product.id, 1.0, weight) for query in maker.queries(source, each)]
    if not made:
        count = len({product.id for sold in by_locale.values() for _, product in sold})
        raise SignalError(f"catalogue: wanted products with titles to make queries from, got {count:,} without words")
    return made


def _source(product: Product, own: str, phrases: Phrases) -> _Source:
    options = [values for variant in product.variants for values in variant.options.values()]
    labels = [
        value.label(own) for values in (*product.attributes.values(), *options) for value in values
        if value.code not in {"true", "false"}
    ]  # fmt: skip
    return _Source(
        phrases.title(product.texts[own].title),
        phrases.title(product.brand).words,
        [phrases.title(path[-1].label(own)).words for path in product.categories],
        [found for label in dict.fromkeys(labels) if 0 < len(found := phrases.title(label).words) <= 3],
    )


class _Maker:
    def __init__(self, phrases: Phrases, random: Random, lengths: Mapping[int, float]) -> None:
        self.phrases, self.random, self.lengths = phrases, random, lengths

    def queries(self, source: _Source, count: int) -> list[str]:
        recipes = [(recipe, share) for recipe, needs, share in RECIPES if needs(source)]
        if not recipes:
            return []
        whole = normalized(joined(source.title.words))
        found: dict[str, None] = {}
        for _ in range(count * _TRIES):
            (recipe,) = self.random.choices([one for one, _ in recipes], [share for _, share in recipes])
            (length,) = self.random.choices([*self.lengths], [*self.lengths.values()])
            query = joined(self.as_typed(recipe(self, source, length)))
            letters = sum(map(str.isalpha, query))
            if query != whole and letters > 1:
                found[query] = None
            if len(found) == count:
                break
        return [*found]

    # ---- recipes: words in the order of a query ----------------------------------------------------------------------

    def modified_type(self, source: _Source, length: int) -> list[str]:
        """The type with words that tell it from others of its kind."""
        if self.is_signs(source):
            return self.span(source, length)
        start, end = self.head(source, length)
        around = [place for place in source.title.content if not start <= place < end]
        words = self.telling(source.title, around, length - (end - start))
        return self.with_type(source.title.words[start:end], words)

    def span(self, source: _Source, length: int) -> list[str]:
        """Neighbours, as they stand in the title."""
        words, content = source.title.words, source.title.content
        length *= 2 if self.is_signs(source) else 1  # most Chinese words have two signs
        first = self.random.choice(content)
        last = max(place for place in content if place < first + length)
        return words[first : last + 1]

    def left_over(self, source: _Source, length: int) -> list[str]:
        """What is left of a title when most words are dropped."""
        if self.is_signs(source):
            return self.span(source, length)
        return self.telling(source.title, source.title.content, length)

    def brand(self, source: _Source, length: int) -> list[str]:
        """The brand and the type."""
        start, end = self.head(source, max(1, length - len(source.brand)))
        return source.brand + source.title.words[start:end]

    def measure(self, source: _Source, length: int) -> list[str]:
        """A measure and the type."""
        first, last = self.random.choice(source.title.measures)
        start, end = self.head(source, max(1, length - (last - first)))
        return self.with_type(source.title.words[start:end], source.title.words[first:last])

    def value(self, source: _Source, length: int) -> list[str]:
        """An attribute's or an option's value and the type."""
        chosen = self.random.choice(source.values)
        start, end = self.head(source, max(1, length - len(chosen)))
        return self.with_type(source.title.words[start:end], chosen)

    def category(self, source: _Source, length: int) -> list[str]:
        """A category, with a word of the title."""
        chosen = self.random.choice(source.types)
        others = [place for place in source.title.content if source.title.words[place] not in chosen]
        return self.with_type(chosen, self.telling(source.title, others, length - len(chosen)))

    # ---- what recipes share ------------------------------------------------------------------------------------------

    def head(self, source: _Source, most: int) -> tuple[int, int]:
        fitting = [span for span in source.title.heads if span[1] - span[0] <= most]
        return self.random.choice(fitting or source.title.heads[-1:])

    def with_type(self, type_: list[str], words: list[str]) -> list[str]:
        words = [word for word in words if word not in type_]
        return type_ + words if self.phrases.language in HEAD_FIRST else words + type_

    def telling(self, title: Title, places: list[int], count: int) -> list[str]:
        """The words at up to `count` of the places, in the title's order, none twice, a number with its unit.

        Words that tell products apart are taken sooner.
        """
        left, chosen = list(places), list[int]()
        while left and len(chosen) < count:
            (place,) = self.random.choices(left, [self.worth(title.words[each]) for each in left])
            chosen.append(place)
            left = [each for each in left if title.words[each] != title.words[place]]
        ends = dict(title.measures)
        return [word for place in sorted(chosen) for word in title.words[place : ends.get(place, place + 1)]]

    def worth(self, word: str) -> float:
        worth = min(max(self.phrases.rarity(word), _COMMONEST), _RAREST)
        worth *= _UNIQUE if self.phrases.is_unique(word) else 1.0
        return worth * _NUMBER if has_digit(word) else worth

    def is_signs(self, source: _Source) -> bool:
        signs = sum(bool(FIRST_CJK.match(source.title.words[place])) for place in source.title.content)
        return 2 * signs > len(source.title.content)

    def as_typed(self, words: list[str]) -> list[str]:
        """As a shopper would type it: another form, another order, a slip."""
        words = list(words)
        place = self.random.randrange(len(words)) if words else 0
        if words and self.random.random() < OTHER_FORM and (forms := self.phrases.other_forms(words[place])):
            words[place] = self.random.choice(forms)
        two = words[place : place + 2]
        if self.random.random() < SWAPPED and not any(has_digit(word) or FIRST_CJK.match(word) for word in two):
            words[place : place + 2] = reversed(two)
        if words and self.random.random() < SLIP and len(words[place]) > 4 and words[place].isalpha():
            words[place] = self.slip(words[place])
        return words

    def slip(self, word: str) -> str:
        """A letter lost, doubled, or in its neighbour's place; the first one is seldom wrong."""
        at = self.random.randrange(1, len(word) - 1)
        before, here, after = word[:at], word[at], word[at + 1 :]
        return self.random.choice([before + after, before + here + here + after, before + after[0] + here + after[1:]])


# Each with what it needs and its share among those that can be used.
RECIPES: tuple[tuple[Recipe, Callable[[_Source], bool], float], ...] = (
    (_Maker.modified_type, lambda source: bool(source.title.heads), 0.45),
    (_Maker.left_over, lambda source: bool(source.title.content), 0.15),
    (_Maker.span, lambda source: bool(source.title.content), 0.15),
    (_Maker.brand, lambda source: bool(source.brand and source.title.heads), 0.10),
    (_Maker.measure, lambda source: bool(source.title.measures and source.title.heads), 0.10),
    (_Maker.value, lambda source: bool(source.values and source.title.heads), 0.15),
    (_Maker.category, lambda source: bool(source.types and source.title.content), 0.10),
)
