from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.words import tokens
from shelfwise.index.words.negation import is_negator, negated_terms, parse_negation

NEIGHBOURS = {("nois", "cancel"), ("toilet", "seat")}


def parsed(query: str, locale: str = "en") -> tuple[str, list[str]]:
    found = parse_negation(query, locale, lambda one, other: (one, other) in NEIGHBOURS)
    return found.kept, [" ".join(phrase) for phrase in found.phrases]


@pytest.mark.parametrize(
    ("query", "kept", "phrases"),
    [
        ("lamp without cord", "lamp", ["cord"]),
        ("lamp w/o cord", "lamp", ["cord"]),
        ("shirt not blue", "shirt", ["blue"]),
        ("office chair no armrests", "office chair", ["armrest"]),
        ("headphones without noise cancelling", "headphones", ["nois cancel"]),
        ("lamp without cord white", "lamp white", ["cord"]),
        ("lamp without a cord for the desk", "lamp for the desk", ["cord"]),
        ("paint not for outdoors", "paint", ["outdoor"]),
        ("sugar-free chocolate", "sugar-free chocolate", ["sugar"]),
        ("fragrance free cream", "fragrance free cream", ["fragranc"]),
        ("non-slip bath mat", "non-slip bath mat", ["slip"]),
        ("lamp without cord without shade", "lamp", ["cord", "shade"]),
    ],
)
def test_what_is_not_wanted_is_taken_out_of_a_query_unless_it_is_a_name(
    query: str, kept: str, phrases: list[str]
) -> None:
    assert parsed(query) == (kept, phrases)


@pytest.mark.parametrize(
    "query",
    [
        "screw no 8",
        "free standing shelf",
        "free shipping",
        "cordless lamp",
        "without cord",  # nothing else is asked for
        "knot rope",
        "lamp without",
        "lamp with cord",
        "",
    ],
)
def test_a_query_that_excludes_nothing_is_left_as_it_is(query: str) -> None:
    assert parsed(query) == (query, [])


@pytest.mark.parametrize(
    ("locale", "query", "kept", "phrases"),
    [
        ("de", "Lampe ohne Kabel", "Lampe", ["kabel"]),
        ("de", "Hose nicht schwarz", "Hose", ["schwarz"]),
        ("de-AT", "Jacke mit keiner Kapuze", "Jacke mit", ["kapuz"]),
        ("fr", "lampe sans fil", "lampe", ["fil"]),
        ("fr", "parasol sans le pied pour balcon", "parasol pour balcon", ["pied"]),
        ("es", "lámpara sin cable", "lámpara", ["cabl"]),
        ("it", "lampada senza filo", "lampada", ["fil"]),
        ("nl", "lamp zonder snoer", "lamp", ["snoer"]),
        ("zh", "不带降噪的耳机", "耳机", ["降噪"]),
        ("zh", "没有羽绒的被子", "被子", ["羽绒"]),
        ("zh", "无糖巧克力", "巧克力", ["糖"]),
        ("zh", "無糖巧克力", "巧克力", ["糖"]),
        ("zh", "绿篱机 不含电池", "绿篱机", ["电池"]),
        ("zh", "台灯不要蓝色", "台灯", ["蓝色"]),
    ],
)
def test_other_languages_exclude_in_their_own_words(locale: str, query: str, kept: str, phrases: list[str]) -> None:
    assert parsed(query, locale) == (kept, phrases)


@pytest.mark.parametrize("query", ["无线键盘", "免费贺卡", "非常大的包", "零食"])
def test_chinese_words_that_only_begin_like_a_negation_are_words(query: str) -> None:
    assert parsed(query, "zh") == (query, [])


def lacking(locale: str, *texts: str) -> set[str]:
    return set(negated_terms([(text, tokens(text, locale)) for text in texts], locale))


@pytest.mark.parametrize(
    ("locale", "text", "terms"),
    [
        ("en", "Table lamp without cord", {"cord"}),
        ("en", "Cordless drill", {"cord"}),
        ("en", "Sugar-free sweets", {"sugar"}),
        ("en", "Unscented cat litter", {"scent"}),
        ("en", "Blower - Battery and Charger Not Included", {"batteri", "charger"}),
        ("en", "Round toilet without toilet seat in white", {"toilet", "seat"}),
        ("en", "No-rust latch", {"rust", "latch"}),
        ("en", "Chair with armrests", set()),
        ("en", "Free standing shelf", set()),
        ("de", "Tischleuchte ohne Kabel und Stecker", {"kabel", "steck"}),
        ("de", "Kabellose Maus", {"kabel"}),
        ("de", "Zuckerfreie Bonbons", {"zuck"}),
        ("fr", "Aspirateur sans sac", {"sac"}),
        ("zh", "巧克力 无糖", {"糖"}),
        ("xx", "lamp without cord", set()),
    ],
)
def test_products_say_what_they_lack(locale: str, text: str, terms: set[str]) -> None:
    found = lacking(locale, text)
    assert terms <= found if terms else not found


def test_what_is_named_only_to_say_that_it_is_missing_is_told_from_a_name() -> None:
    said = negated_terms(
        [("Duvet without feathers, non-slip, cordless", ["duvet", "feather", "slip", "cordless"])], "en"
    )
    assert said["feather"] and not said["slip"] and not said["cord"]
    twice = negated_terms([("Battery trimmer without battery", ["batteri", "trimmer", "batteri"])], "en")
    assert not twice["batteri"]


def test_the_first_text_that_names_a_thing_decides() -> None:
    assert "cord" in lacking("en", "Cordless lamp", "Charge it with the cord in the box.")
    assert "cord" not in lacking("en", "Lamp with cord", "Hangs without a cord cover.")
    assert "batteri" in lacking("en", "Battery trimmer, without battery")


@pytest.mark.parametrize(
    ("word", "locale", "negates"), [("without", "en", True), ("ohne", "de", True), ("ohne", "en", False)]
)
def test_negators_are_known_by_language(word: str, locale: str, negates: bool) -> None:
    assert is_negator(word, locale) is negates


@given(st.text(max_size=60), st.sampled_from(["en", "de", "fr", "zh", "xx", ""]))
def test_any_text_is_read_without_an_error_and_loses_nothing_but_phrases(text: str, locale: str) -> None:
    found = parse_negation(text, locale, lambda one, other: True)
    assert found.phrases or found.kept == text
    assert all(phrase and all(phrase) for phrase in found.phrases)
    assert all(lacking(locale, text))
