"""A patch changes what it names and nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index import FieldError, Offer, Product, Value, Variant
from shelfwise.index.store.patching import patched


@pytest.fixture
def boot() -> Product:
    """Two variants with offers in two currencies, texts in two locales."""
    return Product(
        "boot",
        {"en": "Boot", "zh": "靴子"},
        description={"en": "Warm.", "zh": "保暖"},
        brand="Nord",
        category="Shoes > Boots",
        attributes={"colour": "red", "height": {"value": 12, "unit": "cm"}},
        variants=[
            Variant(
                "b40",
                sku="S40",
                options={"size": (Value("40"),)},
                offers=(Offer(60, "EUR", stock=1), Offer(430, "CNY", stock=2), Offer(55, "EUR", market="at")),
            ),
            Variant("b41", sku="S41", options={"size": (Value("41"),)}, offers=(Offer(61, "EUR", list_price=70),)),
        ],
        tags=["new"],
        url="/boot",
        added="2026-03-01",
    ).resolved("en", "EUR")


def prices(product: Product) -> list[tuple[str, str, str, str, int | None]]:
    return [
        (variant.id, offer.currency, offer.market, str(offer.price), offer.stock) for variant, offer in product.offers
    ]


def others(product: Product, *changed: str) -> dict[str, Any]:
    return {name: value for name, value in product.to_dict().items() if name not in changed}


@pytest.mark.parametrize("fields", [{}, {"id": "boot"}])
def test_a_patch_that_names_nothing_changes_nothing(fields: dict[str, Any], boot: Product) -> None:
    assert patched(boot, fields, "EUR") == boot


def test_a_text_changes_in_the_locale_that_is_named(boot: Product) -> None:
    made = patched(boot, {"title": {"zh": "雪地靴"}, "description": "Very warm."})
    assert made.texts["zh"].title == "雪地靴" and made.texts["en"].title == "Boot"
    assert made.texts["en"].description == "Very warm." and made.texts["zh"].description == "保暖"
    assert others(made, "title", "description") == others(boot, "title", "description")


def test_a_locale_that_is_new_is_added(boot: Product) -> None:
    assert list(patched(boot, {"title": {"de": "Stiefel"}}).texts) == ["en", "zh", "de"]


def test_an_attribute_is_replaced_added_or_taken_away_by_its_name(boot: Product) -> None:
    made = patched(boot, {"attributes": {"colour": ["blue", "green"], "height": None, "sole": "rubber"}})
    codes = {name: [value.code for value in values] for name, values in made.attributes.items()}
    assert codes == {"colour": ["blue", "green"], "sole": ["rubber"]}
    assert others(made, "attributes") == others(boot, "attributes")


@pytest.mark.parametrize(
    ("field", "value"),
    [("brand", "Süd"), ("tags", ["sale"]), ("url", "/x"), ("image", "/i.jpg"), ("added", "2026-04-01")],
)
def test_a_plain_field_is_replaced(field: str, value: Any, boot: Product) -> None:
    made = patched(boot, {field: value})
    assert made != boot and others(made, field) == others(boot, field)


def test_a_price_changes_the_offer_of_its_currency_that_holds_everywhere_in_every_variant(boot: Product) -> None:
    made = patched(boot, {"price": "49.50", "currency": "EUR"})
    assert prices(made) == [
        ("b40", "EUR", "", "49.50", 1),
        ("b40", "CNY", "", "430", 2),
        ("b40", "EUR", "at", "55", None),
        ("b41", "EUR", "", "49.50", None),
    ]
    assert made.variants[1].offers[0].list_price == 70, "what is not named stays"
    assert others(made, "variants") == others(boot, "variants")


def test_a_price_without_a_currency_is_in_the_shops_own(boot: Product) -> None:
    of_first = patched(boot, {"price": 9}, "CNY").variants[0].offers
    assert [str(offer.price) for offer in of_first] == ["60", "9", "55"]
    elsewhere = patched(Product("a", "A", price=5, currency="EUR"), {"price": 9}, "USD")
    assert prices(elsewhere) == [("a", "EUR", "", "9", None)], "a product that is not sold in it: its own"
    unpriced = patched(Product("a", "A"), {"price": 9}, "USD")
    assert prices(unpriced) == [("a", "USD", "", "9", None)]


def test_a_price_in_a_new_currency_is_added(boot: Product) -> None:
    assert ("b41", "USD", "", "65", None) in prices(patched(boot, {"price": {"USD": 65}}))
    assert ("b41", "EUR", "", "61", None) in prices(patched(boot, {"price": {"USD": 65}}))


def test_a_list_price_alone_changes_the_list_price(boot: Product) -> None:
    made = patched(boot, {"list_price": 80}, "EUR")
    assert [offer.list_price for _, offer in made.offers] == [Decimal(80), None, None, Decimal(80)]
    assert prices(made) == prices(boot)
    gone = patched(made, {"list_price": None}, "EUR")
    assert [offer.list_price for _, offer in gone.offers] == [None] * 4


def test_a_price_with_a_list_price_that_is_none_ends_a_sale(boot: Product) -> None:
    sale = patched(boot, {"price": 50, "list_price": 80}, "EUR")
    assert [offer.list_price for _, offer in sale.offers] == [Decimal(80), None, None, Decimal(80)]
    dearer = patched(sale, {"price": 60}, "EUR")
    assert dearer.variants[0].offers[0].list_price == Decimal(80), "what is not named stays"
    ended = patched(sale, {"price": 60, "list_price": None}, "EUR")
    assert [offer.list_price for _, offer in ended.offers] == [None] * 4


def test_a_stock_changes_all_offers_or_those_of_the_named_currency(boot: Product) -> None:
    assert [each[4] for each in prices(patched(boot, {"stock": 7}))] == [7, 7, 7, 7]
    assert [each[4] for each in prices(patched(boot, {"stock": 7, "currency": "eur"}))] == [7, 2, 7, 7]
    assert [each[:4] for each in prices(patched(boot, {"stock": 0}))] == [each[:4] for each in prices(boot)]


def test_a_variants_stock_or_price_leaves_its_options_and_the_other_variants(boot: Product) -> None:
    made = patched(boot, {"variants": [{"id": "b40", "stock": 0}]})
    assert [each[4] for each in prices(made)] == [0, 0, 0, None]
    assert made.variants[0].options == boot.variants[0].options and made.variants[0].sku == "S40"
    assert made.variants[1] == boot.variants[1]
    made = patched(boot, {"variants": [{"id": "b41", "price": 1, "sku": "NEW", "options": {"width": "F"}}]}, "EUR")
    assert made.variants[0] == boot.variants[0]
    assert made.variants[1].sku == "NEW" and made.variants[1].options.keys() == {"size", "width"}
    assert prices(made)[3] == ("b41", "EUR", "", "1", None)


def test_a_new_variant_is_added(boot: Product) -> None:
    made = patched(boot, {"variants": [{"id": "b42", "price": 62, "currency": "EUR"}]})
    assert [variant.id for variant in made.variants] == ["b40", "b41", "b42"]
    assert made.variants[:2] == boot.variants
    whole = patched(boot, {"variants": [Variant("b41", sku="whole")]})
    assert whole.variants[1] == Variant("b41", sku="whole"), "a Variant object is given as a whole"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"price": "cheap"}, "price"),
        ({"stock": "many"}, "stock"),
        ({"title": ""}, "title"),
        ({"title": 7}, "title"),
        ({"currency": "dollars", "price": 1}, "currency"),
        ({"variants": [{"id": "b40", "stock": "x"}]}, "stock"),
        ({"variants": [7]}, "variants"),
        ({"variants": 7}, "variants"),
        ({"attributes": 7}, "attributes"),
        ({"colour": "red"}, "colour"),
        ({"added": "yesterday"}, "added"),
        ({"list_price": "x"}, "list_price"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_field(fields: dict[str, Any], field: str, boot: Product) -> None:
    with pytest.raises(FieldError) as error:
        patched(boot, fields, "EUR")
    assert error.value.field == field


AMOUNTS = st.integers(0, 9_999).map(lambda cents: Decimal(cents) / 100)


@given(price=AMOUNTS, stock=st.integers(0, 50))
def test_patching_twice_is_patching_once(price: Decimal, stock: int) -> None:
    product = Product("a", "A", price=5, currency="USD", stock=1)
    fields = {"price": price, "stock": stock}
    once = patched(product, fields, "USD")
    assert patched(once, fields, "USD") == once
    assert prices(once) == [("a", "USD", "", str(price), stock)]
