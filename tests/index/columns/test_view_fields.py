"""A field over all segments of a view: its type, its codes, what is near to a code that it does not have."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from shelfwise.index import Product
from shelfwise.index.columns.view_fields import Kind

from ..building import view
from ..strategies import catalogues


def shop(values) -> list[Product]:
    return [Product(f"p{at}", "x", attributes={"it": value}).resolved("en", "EUR") for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "kind", "unit"),
    [
        (["red", "blue"], Kind.TEXT, ""),
        ([20, 21.5], Kind.NUMBER, ""),
        ([{"value": 20, "unit": "cm"}], Kind.NUMBER, "cm"),
        ([{"code": "small", "value": 20}, {"code": "large", "value": 40}], Kind.NUMBER, ""),
        (["20 cm", "0.3 m", "25 cm", "wide"], Kind.NUMBER, "cm"),
        (["20 cm", "30 kg", "2 doors", "5 volts"], Kind.TEXT, ""),
        (["20", "30", "about 40"], Kind.NUMBER, ""),
        (["20", "wide"], Kind.TEXT, ""),
        (["2026-01-01", "2026-01-02T10:00", "soon"], Kind.DATE, ""),
        (["yes", "no"], Kind.TRUTH, ""),
        ([True, "nein", "Ja"], Kind.TRUTH, ""),
        (["yes"], Kind.TRUTH, ""),
        (["yes", "no", "perhaps"], Kind.TEXT, ""),
        ([0, 1], Kind.NUMBER, ""),
        (["1", "yes"], Kind.TRUTH, ""),
    ],
)
def test_the_type_of_a_field_is_read_from_its_values(values, kind, unit):
    products = shop(values)
    for made in (view(products), view(products[:1], products[1:])):
        field = made.fields["it"]
        assert field.kind is kind
        assert field.unit == unit or kind is not Kind.NUMBER


@pytest.mark.parametrize("field", ["brand", "tags", "sku", "gtin", "category"])
def test_names_and_numbers_of_things_are_texts_whatever_they_look_like(field):
    value = {"tags": ["12"], "category": "12"}.get(field, "12")
    made = view([Product("p", "x", **{field: value})])
    assert made.fields[field].kind is Kind.TEXT and made.fields[field].truths is None


@settings(max_examples=50)
@given(catalogues(min_size=1))
def test_codes_are_numbered_once_over_all_segments(products):
    one, two = view(products), view(products[::2], products[1::2])
    assert list(one.fields) == list(two.fields) == sorted(one.fields)
    for name in one.fields:
        codes = [one.fields[name].code(number) for number in range(one.fields[name].n_codes)]
        field = two.fields[name]
        assert sorted(codes) == sorted(field.code(number) for number in range(field.n_codes))
        assert all(field.code(field.find(code)) == code for code in codes)
        assert field.find("no such code") == -1
        for at, part in enumerate(field.parts):
            if part is not None:
                numbers = field.numbered(at, part.by_product.values)
                assert [field.code(int(n)) for n in numbers] == [part.codes[int(c)] for c in part.by_product.values]


def test_near_codes_are_named_the_most_alike_first():
    field = view(shop(["Norda", "Nordic", "Tarn", "Ostra", *"abcdefgh"])).fields["it"]
    assert field.nearest("nordda")[:2] == ["Norda", "Nordic"] and len(field.nearest("nordda")) == 8


def test_a_field_that_there_is_not_is_a_key_error():
    with pytest.raises(KeyError):
        view(shop(["red"])).fields["colour"]
