from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index import Context, RequestError, ShelfwiseError, best_locale

from .strategies import contexts

locales = st.sampled_from(["en", "en-GB", "zh", "zh-CN", "zh-TW", "de", ""])


@pytest.mark.parametrize("locale", ["en", "zh-CN", "zh-Hant-TW", "gsw"])
def test_a_language_tag_is_a_locale(locale):
    assert Context(locale=locale).locale == locale


@pytest.mark.parametrize("locale", ["", "EN", "english", "zh_CN", "e", "en-", 5, "en\n"])
def test_what_is_no_language_tag_is_refused(locale):
    with pytest.raises(RequestError) as refused:
        Context(locale=locale)
    assert str(refused.value) == f"locale: wanted a language tag such as 'en' or 'zh-CN', got {locale!r}"


def test_a_currency_is_checked_and_written_in_capitals():
    assert Context(currency="eur").currency == "EUR"
    with pytest.raises(RequestError) as refused:
        Context(currency="euro")
    assert str(refused.value) == (
        "context currency: wanted an ISO 4217 currency code such as USD, EUR or CNY, got 'euro'; "
        "name one that the shop's offers use"
    )


def test_groups_are_a_tuple_and_their_order_does_not_matter():
    assert Context(groups=("trade", "b2b")) == Context(groups=["b2b", "trade"])
    assert hash(Context(groups=("trade", "b2b"))) == hash(Context(groups=("b2b", "trade")))
    with pytest.raises(RequestError) as refused:
        Context(groups="trade")
    assert str(refused.value) == (
        "context.groups: wanted a tuple of group codes, got the text 'trade'; write ('trade',)"
    )


@pytest.mark.parametrize("fields", [{"groups": 5}, {"groups": (1, "a")}, {"market": 7}, {"location": ["berlin"]}])
def test_codes_that_are_no_texts_are_refused_with_a_sentence(fields):
    (name,) = fields
    with pytest.raises(RequestError, match=f"^context.{name}: wanted"):
        Context(**fields)


@given(contexts, contexts)
def test_what_a_context_leaves_open_is_taken_from_the_shop(own, shop):
    filled = own.filled(shop)
    for name in Context.__dataclass_fields__:
        mine = getattr(own, name)
        assert getattr(filled, name) == (mine if mine not in (None, ()) else getattr(shop, name))


@given(st.none() | locales, st.lists(locales, max_size=4, unique=True))
def test_the_best_locale_is_itself_else_of_its_language_else_the_first(wanted, available):
    best = best_locale(wanted, available)
    if not available:
        assert best is None
    elif wanted in available:
        assert best == wanted
    else:
        same = [locale for locale in available if locale.split("-")[0] == (wanted or "").split("-")[0]]
        assert best == (same[0] if same else available[0])


def test_errors_of_a_context_can_be_caught_as_ours():
    with pytest.raises(ShelfwiseError):
        Context(locale="?")
