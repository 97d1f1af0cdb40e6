"""What a query means in words: typos, words as one or as two, what is not wanted; in four languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelfwise.index import Context, Product, RequestError, View, Wanted
from shelfwise.plugin import Request, Shop
from shelfwise.plugin.correction import Change
from shelfwise.plugin.understanding import STEPS, Understood, understand

from ..index.building import view, without

ENGLISH = [
    Product("ceiling", {"en": "Ceiling fan with remote control"}, brand="Hampton"),
    Product("flask", {"en": "Vacuum flask 750 ml, stainless steel"}),
    Product("saucepan", {"en": "Stainless steel saucepan, 2 l"}),
    Product("deck", {"en": "Deck over wood coating"}, brand="Behr"),
    Product("torch", {"en": "Flashlight with 3 batteries"}),
    Product("bulb", {"en": "Light bulb"}),
    Product("camera", {"en": "Camera flash"}),
    Product("chair", {"en": "Folding deck chair"}),
    Product("grill", {"en": "Gas griddle with lid"}),
    Product("grille", {"en": "Radiator grille"}),
    Product("pen", {"en": "Fountain pen"}, brand="Quillmere"),
    Product("willow", {"en": "Picnic basket of wicker"}, brand="Quillow"),
    Product("drill", {"en": "Cordless drill DCD771C2"}, description={"en": "The charger hangs on a cord."}),
    Product("corded", {"en": "Drill with 3 m cord"}),
    Product("lamp", {"en": "Desk lamp with cord"}),
    Product("cordless", {"en": "Table lamp, cordless, with shade"}),
    Product("almonds", {"en": "Roasted almonds, salted"}),
    Product("plain", {"en": "Roasted almonds, unsalted"}),
]
GERMAN = [
    Product("winterjacke", {"de": "Damen Winterjacke mit Kapuze"}),
    Product("regenjacken", {"de": "Regenjacken für Kinder"}),
    Product("jacke", {"de": "Jacke aus Wolle"}),
    Product("schrank", {"de": "Kühlschränke, 200 Liter"}),
    Product("dosen", {"de": "Frischhaltedosen aus Glas"}),
    Product("decke", {"de": "Wolldecke mit Fransen"}),
    Product("hose", {"de": "Arbeitshose mit Kniepolstern"}),
    Product("schere", {"de": "Akku-Heckenschere, ohne Akku"}),
    Product("kabel", {"de": "Tischlampe mit Textilkabel"}),
    Product("akku", {"de": "Tischlampe ohne Kabel"}),
    Product("verband", {"de": "Verband, steril"}),
    Product("wasser", {"de": "Wasserkocher 1,7 l"}),
]
FRENCH = [
    Product("theiere", {"fr": "Théière en fonte, 1,2 l"}),
    Product("huile", {"fr": "Huile d'olive vierge extra"}),
    Product("manteau", {"fr": "Portemanteau mural"}),
    Product("canape", {"fr": "Canapé d'angle bleu"}),
    Product("sans", {"fr": "Lampe sans fil, rechargeable"}),
    Product("avec", {"fr": "Lampe avec fil de 2 m"}),
    Product("oeuf", {"fr": "Cuiseur à œufs"}),
]
CHINESE = [
    Product("cup", {"zh": "不锈钢保温杯 500毫升"}),
    Product("monitor", {"zh": "27英寸显示器"}),
    Product("sugar", {"zh": "黑巧克力 含糖"}),
    Product("sugarfree", {"zh": "黑巧克力 无糖"}),
    Product("keyboard", {"zh": "Klackwell 无线键盘"}),
    Product("nosound", {"zh": "有线耳机"}),
    Product("sound", {"zh": "主动降噪耳机"}),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop of all four languages, half of it in a generation."""
    with Shop.open(tmp_path_factory.mktemp("understanding") / "shop", encoder="hashing") as shop:
        every = [*ENGLISH, *GERMAN, *FRENCH, *CHINESE]
        shop.upsert(every[::2])
        shop.store.build_generation()
        shop.upsert(every[1::2])
        yield shop


@pytest.fixture(scope="module")
def read(shop: Shop) -> Callable[..., Understood]:
    """`read(query, locale="en", **options)` understands a query against the shop's words."""
    return lambda query, locale="en", **options: understand(query, locale, shop.store.view, **options)


def first(shop: Shop, query: str, locale: str, k: int = 1) -> list[str]:
    """The ids that words alone would show first."""
    found = shop.search(query, context=Context(locale=locale), k=100)
    return [hit.product.id for hit in sorted(found, key=lambda hit: -hit.parts["words"])[:k]]


# ---- typos -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "query", "corrected"),
    [
        ("en", "celing fan", "ceiling fan"),
        ("en", "Vaccum flask 750ml", "vacuum flask 750ml"),
        ("en", "stainles steel saucpan", "stainless steel saucepan"),
        ("en", "gas gridlee", "gas griddle"),  # beside gas no grille
        ("en", "quilmere pens", "quillmere pens"),
        ("de", "Winterjake", "winterjacke"),
        ("de", "Kühlschrnak", "kühlschränke"),
        ("de", "Frischhaltedsoen", "frischhaltedosen"),
        ("fr", "theierre en fonte", "théière en fonte"),
        ("fr", "canpé bleu", "canapé bleu"),
        ("zh", "klakwell 键盘", "klackwell 键盘"),
    ],
)
def test_a_typo_is_read_as_the_catalogues_word(
    read: Callable[..., Understood], locale: str, query: str, corrected: str
) -> None:
    found = read(query, locale)
    assert found.corrected == corrected
    assert {change.why for change in found.changes} == {"spelling"}
    assert found.encoded == query, "an encoder reads typos itself"


@pytest.mark.parametrize(
    ("locale", "query"),
    [
        ("en", "ceiling fans"),  # the catalogue knows it
        ("en", "quillow basket"),  # a brand
        ("en", "willow basket"),  # a word, and no brand
        ("en", "purple lamp"),  # a word, though nobody sells it
        ("en", "dcd771c3 drill"),  # a model number
        ("en", "drill dcd-771"),
        ("en", "27imch lamp"),  # beside a number
        ("en", "lmp"),  # too short
        ("en", "without with from"),
        ("en", "zzzzqqqq"),
        ("de", "Sommerjacke"),  # made of known words
        ("de", "Glasdosen"),
        ("de", "Kuehlschrank"),
        ("fr", "theiere"),
        ("fr", "l'huile d'olives"),
        ("zh", "无线键盘"),
        ("ru", "термос"),
    ],
)
def test_what_is_no_typo_is_not_touched(read: Callable[..., Understood], locale: str, query: str) -> None:
    assert read(query, locale).corrected is None


def test_an_answer_says_what_was_searched_and_searches_as_typed_when_asked(shop: Shop) -> None:
    found = shop.search("celing fan")
    assert found.corrected_query == "ceiling fan" and found.ids[0] == "ceiling"
    assert found.to_dict()["corrected_query"] == "ceiling fan"
    typed = shop.search("celing fan", correct=False)
    assert typed.corrected_query is None
    assert shop.search("ceiling fan").corrected_query is None
    words = {hit.product.id: hit.parts["words"] for hit in typed}
    assert words["ceiling"] < {hit.product.id: hit.parts["words"] for hit in found}["ceiling"]


def test_whether_to_correct_is_a_yes_or_a_no() -> None:
    with pytest.raises(RequestError) as error:
        Request("lamp", correct="no")  # type: ignore[arg-type]
    assert str(error.value) == "correct: wanted True or False, got 'no'"


def test_a_word_that_was_just_written_is_known_at_once(shop: Shop) -> None:
    assert shop.search("telescpoe").corrected_query is None
    shop.upsert(Product("new", "Telescope for beginners"))
    assert shop.search("telescpoe").corrected_query == "telescope"
    shop.delete("new")
    assert shop.search("telescpoe").corrected_query is None


def test_a_rare_word_is_searched_with_the_far_more_frequent_one_it_resembles() -> None:
    made = view(
        [Product(f"p{at}", {"en": "Extension ladder"}) for at in range(12)]
        + [Product("typo", {"en": "Extention cord"})]
    )
    (word,) = understand("extention", "en", made).words
    assert word.term == "extent" and word.also == (("extens", 0.5),)
    assert understand("extension", "en", made).words == (Wanted("extens"),)


# ---- as one word, as two -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "query", "wanted"),
    [
        ("en", "deckover", "deck"),
        ("en", "deckchair", "chair"),
        ("en", "flash light", "torch"),
        ("en", "sauce pan", "saucepan"),
        ("de", "Winter Jacke", "winterjacke"),
        ("de", "Arbeit Hose", "hose"),
        ("de", "Wolle Decke", "decke"),
        ("de", "Glasdosen", "dosen"),
        ("de", "Schere für Hecke", "schere"),
        ("fr", "porte manteau", "manteau"),
    ],
)
def test_words_are_found_as_one_and_as_two(shop: Shop, locale: str, query: str, wanted: str) -> None:
    assert first(shop, query, locale) == [wanted]


def test_a_split_is_said_and_a_join_of_known_words_is_silent(read: Callable[..., Understood]) -> None:
    assert read("deckover").changes == (Change("deckover", "deck over", "split"),)
    assert read("flash light").corrected is None
    assert read("vac uum flask").changes == (Change("vac uum", "vacuum", "joined"),)


def test_a_german_word_finds_its_compounds_and_a_compound_its_parts(shop: Shop) -> None:
    assert set(first(shop, "Jacke", "de", 3)) == {"jacke", "winterjacke", "regenjacken"}
    assert first(shop, "Jacke", "de")[0] == "jacke", "the word itself first"
    assert first(shop, "Sommerjacken", "de", 3)[0] == "jacke"
    assert first(shop, "Winterjacken", "de")[0] == "winterjacke"
    verband = next(hit for hit in shop.search("Band", context=Context(locale="de")) if hit.product.id == "verband")
    assert verband.parts["words"] == 0, "no kind of band"


@pytest.mark.parametrize(
    ("locale", "query", "wanted"),
    [
        ("de", "kuehlschrank", "schrank"),
        ("de", "KÜHLSCHRANK", "schrank"),
        ("de", "wasserkocher 1.7 l", "wasser"),
        ("fr", "theieres", "theiere"),
        ("fr", "huile olive", "huile"),
        ("fr", "l’huile", "huile"),
        ("fr", "oeufs", "oeuf"),
        ("zh", "保溫杯", "cup"),
        ("zh", "５００ｍｌ保温杯", "cup"),
        ("zh", "27吋顯示器", "monitor"),
        ("zh", "KLACKWELL鍵盤", "keyboard"),
    ],
)
def test_accents_inflection_and_scripts_do_not_matter(shop: Shop, locale: str, query: str, wanted: str) -> None:
    assert first(shop, query, locale) == [wanted]


@pytest.mark.parametrize(
    ("query", "corrected", "wanted"),
    [("baowenbei", "保温杯", "cup"), ("xianshiqi 27", "显示器 27", "monitor"), ("jianp", "键盘", "keyboard")],
)
def test_chinese_is_found_by_its_sound(shop: Shop, query: str, corrected: str, wanted: str) -> None:
    found = shop.search(query, context=Context(locale="zh"))
    assert (found.corrected_query, found.ids[0]) == (corrected, wanted)
    assert shop.search(query, context=Context(locale="en")).corrected_query is None


def test_what_was_read_by_its_sound_is_what_the_encoder_reads(read: Callable[..., Understood]) -> None:
    assert read("baowenbei", "zh").encoded == "保温杯"


# ---- what is not wanted ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "query", "wanted", "other"),
    [
        ("en", "lamp without cord", "cordless", "lamp"),
        ("en", "drill w/o cord", "drill", "corded"),
        ("en", "almonds not salted", "plain", "almonds"),
        ("de", "Tischlampe ohne Kabel", "akku", "kabel"),
        ("fr", "lampe sans fil", "sans", "avec"),
        ("zh", "无糖黑巧克力", "sugarfree", "sugar"),
        ("zh", "不带降噪的耳机", "nosound", "sound"),
    ],
)
def test_what_holds_an_excluded_word_stays_below_what_does_not(
    shop: Shop, locale: str, query: str, wanted: str, other: str
) -> None:
    found = shop.search(query, context=Context(locale=locale), k=40)
    assert found.ids[0] == wanted and other in found.ids, "below, and never filtered"
    parts = {hit.product.id: hit.parts for hit in found}
    assert parts[wanted]["negation"] == 0 > parts[other]["negation"]


def test_without_an_exclusion_there_is_no_such_part(shop: Shop) -> None:
    assert "negation" not in shop.search("lamp with cord")[0].parts


def test_what_is_without_a_thing_comes_behind_what_has_it() -> None:
    made = view([Product("with", {"en": "Duvet of feathers"}), Product("out", {"en": "Duvet without feathers"})])
    found = made.by_words(["duvet", "feather"], 2, np.ones(2, bool), "en")
    assert [made.id_of(row) for row in found.rows.tolist()] == ["with", "out"]


def test_what_a_query_excludes_is_read_and_not_searched(read: Callable[..., Understood]) -> None:
    found = read("lamp without cord")
    assert [[word.term for word in phrase] for phrase in found.excluded] == [["cord"]]
    assert found.terms == ("lamp",)
    assert found.words[-1] == Wanted("!cord", needed=False)


# ---- laws --------------------------------------------------------------------------------------------------------

WORDS = (
    "lamp",
    "lapm",
    "flash",
    "light",
    "flashlight",
    "deckover",
    "deck",
    "over",
    "Winterjacke",
    "Jacke",
    "winter",
    "保温杯",
    "baowenbei",
    "without",
    "ohne",
    "27",
)
queries = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
texts = st.dictionaries(st.sampled_from(["en", "de", "zh"]), queries, min_size=1, max_size=2)


@settings(max_examples=60)
@given(st.lists(texts, min_size=1, max_size=5), st.data(), queries, st.sampled_from(["en", "de", "zh", "fr"]))
def test_a_query_means_the_same_however_products_are_divided_among_segments(
    given_texts: Sequence[dict[str, str]], data: st.DataObject, query: str, locale: str
) -> None:
    products = [Product(f"p{at}", each) for at, each in enumerate(given_texts)]
    cut = data.draw(st.integers(0, len(products)))
    gone = Product("gone", data.draw(texts))
    over = view([*products, gone], products[cut:])
    over = View((without(over.segments[0], ["gone"]), *over.segments[1:]))
    right = understand(query, locale, view(products))
    answers = []
    for made in (view(products), view(products[:cut], products[cut:]), over):
        assert understand(query, locale, made) == right
        alive = np.concatenate(
            [np.ones(each.segment.n_products, bool) if each.alive is None else each.alive for each in made.segments]
        )
        found = made.by_words(right.words, 10, alive, locale)
        scores = dict(zip(map(made.id_of, found.rows.tolist()), found.scores.tolist(), strict=True))
        answers.append((scores, sorted(map(made.id_of, found.holding_all.tolist()))))
    for scores, holding in answers[1:]:
        assert scores == pytest.approx(answers[0][0], rel=1e-4)
        assert holding == answers[0][1]


@settings(max_examples=80)
@given(st.text(max_size=80), st.sampled_from(["en", "de", "fr", "zh", "xx"]))
def test_any_text_is_understood_somehow(query: str, locale: str) -> None:
    made = view([*ENGLISH[:3], *GERMAN[:3], *CHINESE[:2]])
    found = understand(query, locale, made)
    assert found.typed == query and (found.corrected is None) == (not found.changes)
    assert understand(query, locale, made, correct=False).corrected is None


def test_an_empty_shop_understands_words_as_they_are() -> None:
    found = understand("celing fan without light", "en", View())
    assert found.corrected is None and found.terms == ("cele", "fan")


def test_a_very_long_query_is_read_in_a_moment_for_only_its_first_words_are_looked_at() -> None:
    made = view(ENGLISH)
    found = understand(" ".join(f"celing{chr(97 + at % 26) * 3} lapm" for at in range(60)), "en", made)
    assert len(found.changes) <= 16


def test_every_step_can_be_left_out(read: Callable[..., Understood]) -> None:
    plain = read("celing lamp without cord", without=STEPS)
    assert plain.corrected is None and plain.excluded == ()
    assert all(word.alone and word.needed for word in plain.words)
    assert read("celing fan", without=frozenset(("spelling",))).corrected is None
    assert read("deckover", without=frozenset(("splitting", "spelling"))).corrected is None
    assert read("flash light", without=frozenset(("joining",))).words == (Wanted("flash"), Wanted("light"))
    assert read("Winterjacken", "de", without=frozenset(("compounds",))).words == (Wanted("winterjack"),)
    assert read("baowenbei", "zh", without=frozenset(("sounds",))).corrected is None
