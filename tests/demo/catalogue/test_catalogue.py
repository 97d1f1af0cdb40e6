"""The sample shop: whole, in two languages, without contradictions."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from shelfwise.demo.catalogue import attribute_labels, products
from shelfwise.index.product import Product

PRODUCTS = list(products())
LOCALES = {"en", "zh"}
FAMILIES = {"length": {"mm", "cm", "m", "in"}, "mass": {"g", "kg", "oz"}, "volume": {"ml", "l"}}
HAN = re.compile("[\u4e00-\u9fff]")
REQUIRED = {"id", "brand", "category", "title", "description", "attributes", "price", "added"}


def sellable(product: dict[str, Any]) -> list[dict[str, Any]]:
    """What carries sku and stock: the variants, or the product itself."""
    return product.get("variants") or [product]


def values() -> Iterator[tuple[str, Any]]:
    """Every single value of every attribute and option, with its key."""
    for product in PRODUCTS:
        for group in (product["attributes"], *(each["options"] for each in product.get("variants", []))):
            for key, value in group.items():
                yield from ((key, each) for each in (value if isinstance(value, list) else [value]))


def kind_of(value: Any) -> str:
    if isinstance(value, dict):
        if "code" in value:
            return "code"
        return next((name for name, units in FAMILIES.items() if value["unit"] in units), value["unit"])
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def check_digit(first_twelve: str) -> str:
    return str(-sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(first_twelve)) % 10)


def test_there_are_enough_products_in_enough_departments() -> None:
    departments = Counter(product["category"]["en"].split(" > ")[0] for product in PRODUCTS)
    assert len(PRODUCTS) >= 300
    assert len(departments) >= 12 and min(departments.values()) >= 10


def test_each_line_is_a_product() -> None:
    for product in PRODUCTS:
        made = Product.from_dict(product)
        assert set(product) >= REQUIRED, product["id"]
        assert Product.from_dict(made.to_dict()) == made


def test_each_text_is_there_in_both_languages() -> None:
    for product in PRODUCTS:
        for name in ("category", "title", "description"):
            assert set(product[name]) == LOCALES and all(product[name].values())
        for name in ("title", "description"):
            assert HAN.search(product[name]["zh"]) and not HAN.search(product[name]["en"])
        assert 25 <= len(product["description"]["en"].split()) <= 90


def test_prices_are_in_both_currencies_and_in_proportion() -> None:
    for product in PRODUCTS:
        for each in (product, *product.get("variants", [])):
            for price in (each[name] for name in ("price", "list_price") if name in each):
                assert set(price) == {"USD", "CNY"}
                assert Decimal("5.2") <= Decimal(price["CNY"]) / Decimal(price["USD"]) <= Decimal("8")
        if "list_price" in product:
            was, now = product["list_price"], product["price"]
            assert all(Decimal(was[each]) > Decimal(now[each]) for each in ("USD", "CNY"))


def test_sku_and_stock_stand_on_the_product_or_on_its_variants() -> None:
    for product in PRODUCTS:
        assert all(each["sku"] and each["stock"] >= 0 for each in sellable(product))
        if "variants" in product:
            assert not {"sku", "gtin", "stock"} & set(product)
            options = [set(each["options"]) for each in product["variants"]]
            assert options[0] and all(each == options[0] for each in options)
            assert not options[0] & set(product["attributes"])


def test_ids_skus_and_gtins_are_unique() -> None:
    things = [each for product in PRODUCTS for each in sellable(product)]
    ids = [product["id"] for product in PRODUCTS] + [each["id"] for each in things if each.get("options")]
    for codes in (ids, [each["sku"] for each in things], [each["gtin"] for each in things if "gtin" in each]):
        assert [code for code, count in Counter(codes).items() if count > 1] == []


def test_gtins_are_in_store_numbers_with_the_right_check_digit() -> None:
    gtins = [each["gtin"] for product in PRODUCTS for each in sellable(product) if "gtin" in each]
    assert len(gtins) > 100
    assert [gtin for gtin in gtins if not re.fullmatch(r"20\d{11}", gtin) or gtin[-1] != check_digit(gtin[:12])] == []


def test_one_code_of_a_key_has_one_label_and_one_label_one_code() -> None:
    labels, codes = defaultdict(set), defaultdict(set)
    for key, value in values():
        if kind_of(value) == "code":
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value["code"]) and set(value["label"]) == LOCALES
            for locale, label in value["label"].items():
                labels[key, value["code"], locale].add(label)
                codes[key, label, locale].add(value["code"])
    assert {key: found for key, found in labels.items() if len(found) > 1} == {}
    assert {key: found for key, found in codes.items() if len(found) > 1} == {}


def test_one_key_has_one_kind_of_value() -> None:
    kinds = defaultdict(set)
    for key, value in values():
        kinds[key].add(kind_of(value))
    assert {key: found for key, found in kinds.items() if len(found) > 1} == {}


def test_each_key_has_a_label_of_its_own() -> None:
    labels = attribute_labels()
    assert set(labels) == {key for key, _ in values()}
    for locale in LOCALES:
        assert [label for label, count in Counter(each[locale] for each in labels.values()).items() if count > 1] == []


def test_a_category_has_one_name_in_each_language() -> None:
    names = defaultdict(set)
    for product in PRODUCTS:
        english, chinese = (product["category"][locale].split(" > ") for locale in ("en", "zh"))
        assert len(english) == len(chinese) and 2 <= len(english) <= 3
        for depth in range(1, len(english) + 1):
            names[tuple(english[:depth])].add(tuple(chinese[:depth]))
    assert {name: found for name, found in names.items() if len(found) > 1} == {}


@pytest.mark.parametrize("locale", sorted(LOCALES))
def test_no_two_titles_are_the_same_and_no_two_descriptions_share_a_sentence(locale: str) -> None:
    sentences = defaultdict(set)
    for product in PRODUCTS:
        for sentence in re.split(r"(?<=[.!?])\s+|(?<=[。！？])", product["description"][locale]):
            if sentence:
                sentences[sentence.casefold()].add(product["id"])
    assert {sentence: found for sentence, found in sentences.items() if len(found) > 1} == {}
    titles = Counter(product["title"][locale].casefold() for product in PRODUCTS)
    assert [title for title, count in titles.items() if count > 1] == []


@pytest.mark.parametrize("text", ["without", "left-handed", "27-inch", "1/2 in", "unscented", "750 ml", "gift"])
def test_what_makes_search_hard_is_there(text: str) -> None:
    assert any(text in product["title"]["en"].casefold() for product in PRODUCTS)
