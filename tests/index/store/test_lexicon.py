"""What is said of words is the same however products are divided among segments, and counts only what is there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelfwise.index import Product, View, Wanted, tokens
from shelfwise.index.words.spelling import Alike

from ..building import view, without

WORDS = ("lamp", "lamps", "table", "tabel", "deck", "over", "Jacke", "Winterjacke", "winter", "jäcken", "保温杯")
titles = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
texts = st.dictionaries(st.sampled_from(["en", "de", "zh"]), titles, min_size=1, max_size=2)


@st.composite
def divided(draw: st.DrawFn) -> list[View]:
    """Views that hold the same products: whole, in two parts, and over what was replaced and deleted."""
    live = [Product(f"p{at}", draw(texts), description={"en": draw(titles)}) for at in range(draw(st.integers(1, 5)))]
    later = draw(st.lists(st.sampled_from(live), unique_by=lambda each: each.id))
    names = {product.id for product in later}
    first = [product for product in live if product.id not in names]
    replaced = [Product(each.id, draw(texts)) for each in later]
    gone = [Product("gone", draw(texts))]
    over = view([*first, *replaced, *gone], later)
    over = View((without(over.segments[0], ["gone"]), *over.segments[1:]))
    return [view(live), view(first, later), over]


@settings(max_examples=60)
@given(divided(), st.sampled_from(["en", "de", "zh", "fr"]))
def test_all_answers_are_the_same_however_products_are_divided(views: Sequence[View], language: str) -> None:
    said, beside = [], []
    for made in views:
        lexicon = made.lexicon
        terms = list(dict.fromkeys(term for word in WORDS for term in tokens(word, language)))
        fits = lexicon.beside(terms[:2])
        pairs = lexicon.character_pairs()
        held = lexicon.holding([Wanted(terms[0], also=((terms[-1], 0.5),))], [terms[2]], language)
        said.append(
            (
                {term: lexicon.count(term, language) for term in terms},
                {(one, other): lexicon.side_by_side(one, other) for one in terms for other in terms},
                {word: lexicon.alike(word, language) for word in ("lapm", "tabls", "jackes", "winterjake")},
                {
                    word: (lexicon.kinds_of(word, language), lexicon.made_of(word, language))
                    for word in ("jacke", "winter")
                },
                (pairs.first.tolist(), pairs.second.tolist(), pairs.counts.tolist()),
                {made.id_of(row): float(held[row]) for row in np.flatnonzero(held)},
            )
        )
        beside.append([fits(term) for term in terms])
    assert said[1] == said[0] and said[2] == said[0]
    np.testing.assert_allclose(beside[1:], [beside[0]] * 2, atol=1e-3)  # sums in another order


CATALOGUE = [
    Product("1", {"en": "Table lamp", "de": "Tischlampe aus Glas"}),
    Product("2", {"en": "Deck over stain", "de": "Winterjacke mit Kapuze"}),
    Product("3", {"en": "Lamps for the deck", "de": "Regenjacken für Kinder"}, description={"en": "A lamp over all."}),
    Product("4", {"de": "Kühlschränke und Gänsedaunen"}),
]


def test_words_are_counted_in_the_texts_of_their_language() -> None:
    lexicon = view(CATALOGUE).lexicon
    assert (lexicon.count("lamp", "en"), lexicon.count("lamp", "de")) == (3, 0)  # one text with lamp and lamps
    assert lexicon.count("kapuz", "de") == 1 and lexicon.count("kapuz", "en") == 0
    assert lexicon.count("lamp", "fr") == 3, "no French here: the texts of all languages are searched"


def test_neighbours_are_counted_in_their_order() -> None:
    lexicon = view(CATALOGUE).lexicon
    assert lexicon.side_by_side("deck", "over") == 1
    assert lexicon.side_by_side("over", "deck") == lexicon.side_by_side("deck", "unknown") == 0


def test_a_word_that_resembles_is_shown_as_most_texts_write_it() -> None:
    products = [Product("1", "Canapé"), Product("2", "canapé bleu"), Product("3", "canape rouge")]
    assert view(products).lexicon.alike("canpae", "en") == [Alike("canapé", "canape", 3, 1)]


def test_what_was_deleted_is_known_no_more() -> None:
    made = view(CATALOGUE)
    gone = View((without(made.segments[0], ["4"]),))
    assert made.lexicon.alike("kuhlschranke", "de") and not gone.lexicon.alike("kuhlschranke", "de")
    assert gone.lexicon.count("kuhlschrank", "de") == 0


@pytest.mark.parametrize(
    ("word", "kinds"),
    [
        ("jacke", ["regenjack", "winterjack"]),
        ("jacken", ["regenjack", "winterjack"]),
        ("daunen", ["gansedaun"]),
        ("lampe", ["tischlamp"]),
        ("glas", []),
    ],
)
def test_compounds_are_found_by_their_head(word: str, kinds: list[str]) -> None:
    assert view(CATALOGUE).lexicon.kinds_of(word, "de") == kinds
    assert view(CATALOGUE).lexicon.kinds_of(word, "en") == []


def test_compounds_are_found_by_what_they_begin_with() -> None:
    assert view(CATALOGUE).lexicon.made_of("winter", "de") == ["winterjack"]
    assert view(CATALOGUE).lexicon.made_of("gans", "de") == ["gansedaun"]


def test_a_word_fits_beside_those_that_it_stands_with() -> None:
    fits = view(CATALOGUE).lexicon.beside(tokens("table", "en"))
    assert fits("lamp") > fits("deck") == fits("unknown") == 0
    assert view(CATALOGUE).lexicon.beside(["unknown"])("lamp") == 0


def test_what_holds_a_word_weighs_by_where_it_stands_and_not_where_it_is_negated() -> None:
    made = view(
        [Product("1", "Lamp with cord"), Product("2", "Lamp", description="Has a cord."), Product("3", "Cordless lamp")]
    )
    held = made.lexicon.holding([Wanted("cord")], ["!cord"], "en")
    weights = {made.id_of(row): float(held[row]) for row in range(3)}
    assert weights["1"] > weights["2"] > weights["3"] == 0


def test_an_empty_view_knows_nothing() -> None:
    lexicon = View().lexicon
    assert lexicon.count("lamp", "en") == lexicon.side_by_side("a", "b") == 0
    assert lexicon.alike("lapm", "en") == lexicon.kinds_of("jacke", "de") == []
    assert lexicon.holding([Wanted("lamp")], [], "en").shape == lexicon.character_pairs().counts.shape == (0,)
