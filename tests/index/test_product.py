from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index import FieldError, Offer, Product, Text, Value, Variant

from .strategies import anything, offers, products

LABELLED = {"en": "Rain boot", "zh": "雨靴"}


# ---- what a small shop writes ------------------------------------------------------------------------------------


def test_id_title_and_price_are_a_complete_product():
    boot = Product(id="p1", title="Red boot", price=49)
    assert boot.texts == {"": Text("Red boot")}
    assert boot.variants == (Variant("p1", offers=(Offer(Decimal(49)),)),)
    assert (boot.title, boot.description, boot.category, boot.locale) == ("Red boot", "", "", "")


def test_a_product_without_a_price_has_one_variant_without_an_offer():
    assert Product("p1", "Boot").variants == (Variant("p1"),)
    assert list(Product("p1", "Boot").offers) == []


def test_an_id_may_be_a_number():
    assert Product(4711, "Boot").id == "4711" == Product(4711, "Boot").variants[0].id


def test_the_first_locale_is_the_one_that_the_product_speaks():
    boot = Product("p1", LABELLED, description="For rain", slug={"zh": "yu-xue"})
    assert (boot.locale, boot.title, boot.description) == ("en", "Rain boot", "For rain")
    assert boot.texts["zh"] == Text("雨靴", "", "yu-xue")


def test_numbers_of_the_single_variant_stand_beside_the_product():
    (variant,) = Product("p1", "Boot", price=5, stock=3, sku="B-1", gtin="4006381333931").variants
    assert (variant.sku, variant.gtin, variant.offers[0].stock) == ("B-1", "4006381333931", 3)


def test_prices_by_currency_are_offers_with_their_list_prices():
    boot = Product("p1", "Boot", price={"EUR": "9.90", "usd": 11}, list_price={"EUR": 12})
    assert [(offer.currency, offer.price, offer.list_price) for _, offer in boot.offers] == [
        ("EUR", Decimal("9.90"), Decimal(12)),
        ("USD", Decimal(11), None),
    ]


def test_an_offer_may_be_a_mapping():
    boot = Product("p1", "Boot", offers=[{"price": "5", "currency": "EUR", "market": "de", "ends": "2026-03-01"}])
    (offer,) = boot.variants[0].offers
    assert offer == Offer(Decimal(5), "EUR", "de", ends=datetime(2026, 3, 1, tzinfo=UTC))


def test_variants_without_an_offer_take_over_the_products_price_with_their_own_stock():
    boot = Product(
        "p1", "Boot", price=50, stock=9, variants=[{"id": "s", "stock": 2}, {"id": "m"}, {"id": "l", "price": 60}]
    )
    told = [(offer.price, offer.stock) for _, offer in boot.offers]
    assert told == [(Decimal(50), 2), (Decimal(50), 9), (Decimal(60), None)]


def test_a_category_is_a_path_with_a_code_for_each_level():
    boot = Product("p1", "Boot", category="Shoes >  Boots")
    assert [level.code for level in boot.categories[0]] == ["Shoes", "Boots"]
    assert boot.category == "Shoes > Boots"


def test_a_category_by_locale_has_the_first_ones_codes_and_all_labels():
    boot = Product("p1", {"zh": "雨靴", "en": "Boot"}, category={"en": "Shoes > Boots", "zh": "鞋 > 靴"})
    assert [level.code for level in boot.categories[0]] == ["Shoes", "Boots"]
    assert boot.category == "鞋 > 靴"
    assert boot.localized("en").category == "Shoes > Boots"


def test_several_categories_are_a_list():
    boot = Product("p1", "Boot", category=["Shoes > Boots", {"en": "Rain"}, " > "])
    assert [[level.code for level in path] for path in boot.categories] == [["Shoes", "Boots"], ["Rain"]]


@pytest.mark.parametrize(
    ("given_value", "value"),
    [
        ("red", Value("red", {"": "red"})),
        ("  dark \n red ", Value("dark red", {"": "dark red"})),
        (5, Value("5", number=5.0)),
        (2.5, Value("2.5", number=2.5)),
        (Decimal("0.10"), Value("0.1", number=0.1)),
        (True, Value("true")),
        (False, Value("false")),
        ({"code": "r", "label": "Red"}, Value("r", {"": "Red"})),
        ({"code": "r", "label": {"en": "Red", "zh": "红"}}, Value("r", {"en": "Red", "zh": "红"})),
        ({"value": 26, "unit": "cm"}, Value("26 cm", number=26.0, unit="cm")),
        (Value("r"), Value("r")),
    ],
)
def test_an_attributes_value_comes_in_many_forms(given_value, value):
    assert Product("p1", "Boot", attributes={"colour": given_value}).attributes == {"colour": (value,)}
    assert Product("p1", "Boot", attributes={"colour": [given_value, given_value]}).attributes == {"colour": (value,)}


def test_empty_attributes_and_tags_are_left_out_and_tags_are_distinct():
    boot = Product("p1", "Boot", attributes={"colour": None, "size": "", "fit": []}, tags=["sale", " sale ", ""])
    assert (boot.attributes, boot.tags) == ({}, ("sale",))


def test_a_label_is_the_one_nearest_to_the_locale_else_the_code():
    red = Value("r", {"en": "Red", "zh-CN": "红"})
    assert [red.label("en-GB"), red.label("zh"), red.label("fr"), Value("r").label("en")] == ["Red", "红", "Red", "r"]


def test_stock_below_zero_is_nothing_to_sell_from():
    assert Product("p1", "Boot", price=1, stock=-3).variants[0].offers[0].stock == 0


def test_a_time_without_a_zone_is_utc():
    assert Product("p1", "Boot", added="2026-03-01").added == datetime(2026, 3, 1, tzinfo=UTC)
    assert Product("p1", "Boot", added="2026-03-01T12:00:00+01:00").added == datetime(2026, 3, 1, 11, tzinfo=UTC)


def test_control_characters_go_and_line_breaks_of_a_description_stay():
    boot = Product("p1", "Red\0\n boot\x1b", description="\0One\n\ttwo\x07 ", brand="F\0ern")
    assert (boot.title, boot.description, boot.brand) == ("Red boot", "One\n\ttwo", "Fern")


def test_a_price_is_never_a_float():
    made = Product("p1", "Boot", price=49.9, list_price=59.9, variants=[{"id": "v", "price": 0.1}, {"id": "w"}])
    for _, offer in made.offers:
        assert type(offer.price) is Decimal
        assert offer.list_price is None or type(offer.list_price) is Decimal
    assert [str(offer.price) for _, offer in made.offers] == ["0.1", "49.9"]


# ---- what is refused, and how ------------------------------------------------------------------------------------

ID = "a text of 1 to 200 printable characters"
TITLE = "a title that is not empty, in at least one locale"
PRICE = "an amount of money of 0 or more with at most four decimals, such as 49 or '49.90'"
MOMENT = "a date or time in ISO 8601, such as 2026-03-01 or 2026-03-01T12:00:00+01:00"
CURRENCY = "an ISO 4217 currency code such as USD, EUR or CNY"
VALUE = "{'code', 'label'} or {'value', 'unit'}"
REFUSED = {
    "an empty id": ({"id": ""}, "id", ID, "''"),
    "an id of blanks": ({"id": "  "}, "id", ID, "'  '"),
    "an id with a control character": ({"id": "a\nb"}, "id", ID, r"'a\nb'"),
    "an id that is too long": ({"id": "x" * 201}, "id", ID, "'" + "x" * 76 + "..."),
    "an id that is True": ({"id": True}, "id", ID, "True"),
    "an id that is nothing": ({"id": None}, "id", ID, "None"),
    "no title": ({"title": None}, "title", TITLE, "None"),
    "a title of blanks": ({"title": " \0 "}, "title", TITLE, r"' \x00 '"),
    "titles that are all empty": ({"title": {"en": "", "zh": " "}}, "title", TITLE, "{'en': '', 'zh': ' '}"),
    "a title that is a number": (
        {"title": 5},
        "title",
        "a text, or texts by locale such as {'en': …, 'zh': …}",
        "5",
    ),
    "a title of another type in a locale": ({"title": {"en": 5}}, "title", "a text for the locale 'en'", "5"),
    "a locale that is none": (
        {"title": {"English": "x"}},
        "title",
        "a language tag such as 'en' or 'zh-CN'",
        "'English'",
    ),
    "a title that is too long": ({"title": "x" * 2_001}, "title", "at most 2,000 characters", "'" + "x" * 76 + "..."),
    "a description that is too long": (
        {"description": "x" * 200_001},
        "description",
        "at most 200,000 characters",
        "'" + "x" * 76 + "...",
    ),
    "a brand that is a list": ({"brand": ["Fern"]}, "brand", "a text", "['Fern']"),
    "a price that is none": ({"price": "1,99"}, "price", PRICE, "'1,99'"),
    "a list price below zero": ({"price": 1, "list_price": -1}, "list_price", PRICE, "-1"),
    "a currency that is none": ({"price": 1, "currency": "EURO"}, "currency", CURRENCY, "'EURO'"),
    "a stock that is half": ({"price": 1, "stock": 1.5}, "stock", "a whole number of pieces", "1.5"),
    "a stock that is True": ({"price": 1, "stock": True}, "stock", "a whole number of pieces", "True"),
    "a date that is none": ({"added": "yesterday"}, "added", MOMENT, "'yesterday'"),
    "a date that is a number": ({"added": 1}, "added", MOMENT, "1"),
    "an offer that ends some day": ({"offers": [{"price": 1, "ends": "soon"}]}, "ends", MOMENT, "'soon'"),
    "an offer with a strange field": (
        {"offers": [{"price": 1, "colour": "red"}]},
        "offers",
        "a price, and any of price, currency, market, group, location, list_price, stock, starts, ends",
        "{'price': 1, 'colour': 'red'}",
    ),
    "attributes that are a list": (
        {"attributes": ["red"]},
        "attributes",
        "a mapping of attribute names to values",
        "['red']",
    ),
    "an attribute without a name": (
        {"attributes": {" ": 1}},
        "attributes",
        "an attribute name that is not empty",
        "''",
    ),
    "an attribute that is not finite": (
        {"attributes": {"w": float("nan")}},
        "attributes.w",
        "a number within ±1e300",
        "nan",
    ),
    "an attribute of blanks": ({"attributes": {"w": [" "]}}, "attributes.w", "a value that is not empty", "' '"),
    "a value without code and number": ({"attributes": {"w": {"unit": "kg"}}}, "attributes.w", VALUE, "{'unit': 'kg'}"),
    "a value with a strange key": ({"attributes": {"w": {"kg": 1}}}, "attributes.w", VALUE, "{'kg': 1}"),
    "a measure that is no number": (
        {"attributes": {"w": {"value": "5"}}},
        "attributes.w",
        "a number beside 'unit'",
        "'5'",
    ),
    "an empty code": ({"attributes": {"w": {"code": " "}}}, "attributes.w.code", "a code that is not empty", "' '"),
    "an attribute of a strange type": (
        {"attributes": {"w": object}},
        "attributes.w",
        "a text, a number, true or false, {'code', 'label'} or {'value', 'unit'}",
        "<class 'object'>",
    ),
    "category paths of unlike depth": (
        {"category": {"en": "A > B", "zh": "甲"}},
        "category",
        "paths of the same depth in every locale",
        "{'en': 'A > B', 'zh': '甲'}",
    ),
    "a category that is a number": (
        {"category": 5},
        "category",
        "a path such as 'Shoes > Boots', or such paths by locale",
        "5",
    ),
    "two variants of one id": (
        {"variants": [{"id": "a"}, {"id": "a"}]},
        "variants",
        "variant ids that differ from each other",
        "'a'",
    ),
    "a variant without an id": ({"variants": [{"price": 1}]}, "variants.id", ID, "''"),
    "a variant that is a text": ({"variants": ["a"]}, "variants", "a list of variants", "'a'"),
    "a variant with a strange field": (
        {"variants": [{"id": "a", "colour": "red"}]},
        "variants.colour",
        "id, sku, gtin, options, price, list_price, currency, stock, offers or image",
        "'red'",
    ),
}


@pytest.mark.parametrize(("fields", "field", "wanted", "got"), REFUSED.values(), ids=REFUSED)
def test_a_field_that_cannot_be_used_is_refused_with_what_was_wanted_and_what_came(fields, field, wanted, got):
    with pytest.raises(FieldError) as refused:
        Product.from_dict({"id": "p1", "title": "Boot", **fields})
    assert str(refused.value) == f"{field}: wanted {wanted}, got {got}"
    assert (refused.value.field, refused.value.wanted) == (field, wanted)


def test_an_unknown_field_is_named_with_the_known_ones():
    with pytest.raises(FieldError, match=r"^titel: wanted one of the fields id, title, description, .*, got 'Boot'$"):
        Product.from_dict({"id": "p1", "titel": "Boot"})


def test_a_missing_id_is_a_field_error():
    with pytest.raises(FieldError) as refused:
        Product.from_dict({"title": "Boot"})
    assert str(refused.value) == "id: wanted an id, a text that never changes for this product, got None"


def test_a_field_error_survives_a_trip_between_processes():
    with pytest.raises(FieldError) as refused:
        Product("p1", "Boot", price="x")
    again = pickle.loads(pickle.dumps(refused.value))
    assert (str(again), again.field, again.value) == (str(refused.value), "price", "'x'")


FIELDS = (
    "title", "description", "slug", "brand", "category", "attributes", "price", "list_price", "currency", "stock",
    "sku", "gtin", "offers", "variants", "tags", "url", "image", "added",
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "price", "en", "code"]), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=3))
def test_whatever_a_feed_holds_is_a_product_or_a_field_error(fields):
    try:
        made = Product.from_dict({"id": "p1", "title": "Boot", **fields})
    except FieldError:
        return
    assert Product.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("offers", [5]),
        ("offers", 5),
        ("offers", {"price": 5}),
        ("offers", None),
        ("variants", 5),
        ("variants", None),
        ("variants", {"id": "a"}),
        ("tags", 5),
        ("tags", None),
        ("attributes", {"w": 10**400}),
        ("currency", 5),
    ],
)
def test_a_list_field_that_is_no_list_is_empty_or_a_field_error(name, value):
    if value is None:
        assert Product.from_dict({"id": "p1", "title": "Boot", name: None}) == Product("p1", "Boot")
        return
    with pytest.raises(FieldError):
        Product.from_dict({"id": "p1", "title": "Boot", "price": 1, name: value})


def test_tags_that_are_one_text_are_not_taken_letter_by_letter():
    with pytest.raises(FieldError, match="tags: wanted"):
        Product("p1", "Boot", tags="sale")


@pytest.mark.parametrize("name", ["market", "group", "location"])
@pytest.mark.parametrize("value", [5, ["de"], "\ud800"])
def test_the_codes_of_an_offer_are_texts(name, value):
    with pytest.raises(FieldError):
        Product("p1", "Boot", offers=[{"price": 1, name: value}])


def test_a_description_in_a_locale_finds_the_plain_title():
    boot = Product("p1", "Rain boot", description={"en": "For rain"})
    assert boot.resolved("en", "EUR").description == "For rain"


# ---- to plain values and back ------------------------------------------------------------------------------------


@given(products())
def test_plain_values_give_back_an_equal_product(product):
    plain = json.loads(json.dumps(product.to_dict(), ensure_ascii=False))
    assert Product.from_dict(plain) == product


@given(titles := anything.filter(str.strip), offers(currencies=("", "EUR")))
def test_a_product_in_the_shops_own_locale_and_currency_comes_back_too(title, offer):
    try:
        product = Product("p1", title, category=title, attributes={"name": title, "on": True}, offers=[offer])
    except FieldError:
        return
    assert Product.from_dict(json.loads(json.dumps(product.to_dict()))) == product


def test_plain_values_leave_out_what_is_blank():
    assert Product("p1", "Boot", price="9.90").to_dict() == {
        "id": "p1",
        "title": {"": "Boot"},
        "variants": [{"id": "p1", "offers": [{"price": "9.90"}]}],
    }


def test_a_stock_or_price_of_zero_is_not_blank():
    product = Product("p1", "Boot", price=0, list_price=0, stock=0, attributes={"weight": 0})
    plain = product.to_dict()
    assert plain["variants"][0]["offers"] == [{"price": "0", "list_price": "0", "stock": 0}]
    assert Product.from_dict(plain) == product


def test_a_code_and_labels_beside_a_number_come_back():
    value = Value("large", {"en": "Large", "zh": "大"}, number=42.0, unit="EU")
    product = Product("p1", "Boot", attributes={"size": value})
    assert Product.from_dict(json.loads(json.dumps(product.to_dict()))).attributes == {"size": (value,)}


# ---- locales and currencies --------------------------------------------------------------------------------------


@given(products(), st.sampled_from(["en", "zh", "zh-CN", "fr", None]))
def test_a_localized_product_differs_in_what_it_speaks_alone(product, locale):
    spoken = product.localized(locale)
    assert spoken.texts == product.texts and spoken.variants == product.variants
    assert spoken.title == product.texts[spoken.locale].title
    same = [each for each in product.texts if each.split("-")[0] == (locale or "").split("-")[0]]
    assert spoken.locale == (locale if locale in product.texts else (same or list(product.texts))[0])


def test_blank_locales_and_currencies_become_the_shops():
    boot = Product(
        "p1", "Rain boot", category="Shoes", attributes={"colour": "red"}, price=5,
        variants=[{"id": "v", "options": {"size": "M"}, "offers": [{"price": 4}, {"price": 5, "currency": "USD"}]}],
    )  # fmt: skip
    made = boot.resolved("de", "EUR")
    assert made.texts == {"de": Text("Rain boot")} and made.locale == "de" and made.title == "Rain boot"
    assert made.categories[0][0].labels == {"de": "Shoes"}
    assert made.attributes["colour"][0].labels == {"de": "red"}
    assert made.variants[0].options["size"][0].labels == {"de": "M"}
    assert [offer.currency for _, offer in made.offers] == ["EUR", "USD"]


@given(products())
def test_resolving_what_has_no_blanks_changes_nothing(product):
    assert product.resolved("fr", "CHF") == product


def test_products_can_be_compared_but_not_changed():
    boot = Product("p1", "Boot", price=5)
    assert boot == Product("p1", "Boot", price=5) != Product("p1", "Boot", price=6)
    with pytest.raises(AttributeError):
        boot.brand = "Fern"


def test_options_of_a_variant_are_checked_and_read_as_attributes_are() -> None:
    made = Product("b", "Boot", variants=[Variant("a", options={"colour": "red"})])  # type: ignore[dict-item]
    assert made == Product("b", "Boot", variants=[{"id": "a", "options": {"colour": "red"}}])
    with pytest.raises(FieldError):
        Product("b", "Boot", variants=[Variant("a", options={"colour": object()})])  # type: ignore[dict-item]
