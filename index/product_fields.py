"""The arguments of `Product`, in all their forms, checked and turned into its parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from .context import check_locale
from .errors import FieldError, RequestError
from .money import currency_of, price_of
from .product_parts import (
    CategoryPath,
    Offer,
    Text,
    Value,
    Variant,
    clean,
    line,
    list_of,
    measure_code,
    number_text,
    stock_of,
)

MAX_ID = 200
MAX_TITLE = 2_000
MAX_DESCRIPTION = 200_000
LEAST, MOST = -1e300, 1e300


def id_of(value: object, name: str) -> str:
    """An id, stripped; a number becomes its text."""
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text or len(text) > MAX_ID or not text.isprintable():
        raise FieldError(name, value, f"a text of 1 to {MAX_ID} printable characters")
    return text


def _by_locale(value: object, name: str) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, str):
        return {"": value}
    if not isinstance(value, Mapping):
        raise FieldError(name, value, "a text, or texts by locale such as {'en': …, 'zh': …}")
    for locale, text in value.items():
        try:
            if locale != "":
                check_locale(locale)
        except RequestError as error:
            raise FieldError(name, locale, str(error).partition("wanted ")[2].partition(",")[0]) from None
        if not isinstance(text, str):
            raise FieldError(name, text, f"a text for the locale {locale!r}")
    return dict(value)


def texts_of(title: object, description: object, slug: object) -> dict[str, Text]:
    """Title, description and slug, by locale; the first locale is the default."""
    titles = {locale: line(text, "title") for locale, text in _by_locale(title, "title").items()}
    titles = {locale: text for locale, text in titles.items() if text}
    if not titles:
        raise FieldError("title", title, "a title that is not empty, in at least one locale")
    descriptions, slugs = _by_locale(description, "description"), _by_locale(slug, "slug")
    default = next(iter(titles))
    # A plain description beside titles by locale belongs to the default one.
    for texts in (descriptions, slugs):
        if "" in texts and "" not in titles:
            texts[default] = texts.pop("")
    if list(titles) == [""]:
        # A plain title beside a description in one locale speaks that locale.
        named = [locale for locale in descriptions if locale]
        if len(named) == 1 and "" not in descriptions:
            titles = {named[0]: titles[""]}
    for locale, text in titles.items():
        if len(text) > MAX_TITLE:
            raise FieldError("title", text, f"at most {MAX_TITLE:,} characters")
        if len(descriptions.get(locale, "")) > MAX_DESCRIPTION:
            raise FieldError("description", descriptions[locale], f"at most {MAX_DESCRIPTION:,} characters")
    return {
        locale: Text(text, clean(descriptions.get(locale, "")).strip(), line(slugs.get(locale, ""), "slug"))
        for locale, text in titles.items()
    }


def encoder_texts_of(given: object, texts: Mapping[str, Text]) -> dict[str, str]:
    """Texts for the encoder by locale; a plain one belongs to the product's default locale."""
    made = {locale: clean(text).strip() for locale, text in _by_locale(given, "encoder_text").items()}
    made = {locale: text for locale, text in made.items() if text}
    if "" in made and "" not in texts:
        made[next(iter(texts))] = made.pop("")
    for locale, text in made.items():
        if locale not in texts:
            raise FieldError("encoder_text", locale, f"locales that have a title: {', '.join(texts)}")
        if len(text) > MAX_DESCRIPTION:
            raise FieldError("encoder_text", text, f"at most {MAX_DESCRIPTION:,} characters")
    return made


def _paths(path: str) -> list[str]:
    return [level.strip() for level in path.replace("›", ">").split(">") if level.strip()]


def _category(value: object) -> CategoryPath:
    if isinstance(value, str):
        return tuple(Value(level, {"": level}) for level in _paths(line(value, "category")))
    if isinstance(value, Mapping):
        by_locale = {locale: _paths(text) for locale, text in _by_locale(value, "category").items() if text.strip()}
        if len({len(path) for path in by_locale.values()}) > 1:
            raise FieldError("category", value, "paths of the same depth in every locale")
        first = next(iter(by_locale.values()), [])
        return tuple(
            Value(code, {locale: path[depth] for locale, path in by_locale.items()}) for depth, code in enumerate(first)
        )
    if isinstance(value, (list, tuple)) and all(isinstance(level, (Mapping, Value)) for level in value):
        return tuple(value_of(level, "category") for level in value)
    raise FieldError("category", value, "a path such as 'Shoes > Boots', or such paths by locale")


def categories_of(value: object) -> tuple[CategoryPath, ...]:
    """Category paths from a path, paths by locale, or a list of either."""
    if value is None:
        return ()
    # A list is a list of paths; one that holds plain values would be a path, which only `to_dict` writes (nested).
    each = value if isinstance(value, (list, tuple)) else [value]
    paths = [_category(path) for path in each]
    return tuple(path for path in paths if path)


def value_of(value: object, name: str) -> Value:
    """One value from a text, number, bool or mapping."""
    if isinstance(value, Value):
        return value
    if isinstance(value, bool):
        return Value("true" if value else "false")
    if isinstance(value, (int, float, Decimal)):
        if not LEAST < value < MOST:  # false for NaN too
            raise FieldError(name, value if value != value else "a number out of range", "a number within ±1e300")
        return Value(number_text(float(value)), number=float(value))
    if isinstance(value, str):
        code = line(value, name)
        if not code:
            raise FieldError(name, value, "a value that is not empty")
        return Value(code, {"": code})
    if isinstance(value, Mapping):
        return _described_value(value, name)
    raise FieldError(name, value, "a text, a number, true or false, {'code', 'label'} or {'value', 'unit'}")


def _described_value(value: Mapping[str, Any], name: str) -> Value:
    if not set(value) <= {"code", "label", "value", "unit"} or not value.keys() & {"code", "value"}:
        raise FieldError(name, dict(value), "{'code', 'label'} or {'value', 'unit'}")
    unit = line(value.get("unit", ""), f"{name}.unit")
    number = None
    if "value" in value:
        number = value_of(value["value"], name).number
        if number is None:
            raise FieldError(name, value["value"], "a number beside 'unit'")
    code = line(str(value["code"]), f"{name}.code") if "code" in value else measure_code(number or 0.0, unit)
    if not code:
        raise FieldError(f"{name}.code", value["code"], "a code that is not empty")
    labels = {locale: line(text, f"{name}.label") for locale, text in _by_locale(value.get("label"), name).items()}
    return Value(code, {locale: text for locale, text in labels.items() if text}, number, unit)


def attributes_of(value: object, name: str) -> dict[str, tuple[Value, ...]]:
    """Attributes by name, each with distinct values."""
    if not isinstance(value, Mapping):
        raise FieldError(name, value, "a mapping of attribute names to values")
    made: dict[str, tuple[Value, ...]] = {}
    for key, each in value.items():
        key = line(key, name)
        if not key:
            raise FieldError(name, key, "an attribute name that is not empty")
        if each is None or each == "":
            continue
        values = [value_of(one, f"{name}.{key}") for one in (each if isinstance(each, (list, tuple)) else [each])]
        unique = {one.code: one for one in values}
        if unique:
            made[key] = tuple(unique.values())
    return made


def _amounts(value: object, currency: str, name: str) -> dict[str, Decimal]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {currency_of(code): price_of(amount, name) for code, amount in value.items()}
    return {currency and currency_of(currency): price_of(value, name)}


def offers_of(
    offers: Iterable[Offer | Mapping[str, Any]], price: object, list_price: object, currency: str, stock: object
) -> tuple[Offer, ...]:
    """The offers that the shorthands and `offers` name together."""
    listed = list_of(offers, "offers", "a list of offers")
    made = [each if isinstance(each, Offer) else _offer(each) for each in listed]
    lists = _amounts(list_price, currency, "list_price")
    counted = None if stock is None else stock_of(stock)
    made += [
        Offer(amount, code, list_price=lists.get(code), stock=counted)
        for code, amount in _amounts(price, currency, "price").items()
    ]
    return tuple(made)


def _offer(fields: object) -> Offer:
    names = tuple(Offer.__dataclass_fields__)
    if not isinstance(fields, Mapping) or "price" not in fields or not set(fields) <= set(names):
        raise FieldError("offers", fields, f"a price, and any of {', '.join(names)}")
    return Offer(**fields)


def variant_of(value: Variant | Mapping[str, Any], product_offers: tuple[Offer, ...]) -> Variant:
    """A variant; without offers of its own it takes the product's."""
    if isinstance(value, Variant):
        checked = replace(value, id=id_of(value.id, "variants.id"), options=attributes_of(value.options, "options"))
        return checked if checked.offers else replace(checked, offers=product_offers)
    if not isinstance(value, Mapping):
        raise FieldError("variants", value, "a list of variants")
    fields = dict(value)
    offers = offers_of(
        fields.pop("offers", ()),
        fields.pop("price", None),
        fields.pop("list_price", None),
        fields.pop("currency", ""),
        stock := fields.pop("stock", None),
    )
    if not offers:
        counted = None if stock is None else stock_of(stock)
        offers = tuple(each if counted is None else replace(each, stock=counted) for each in product_offers)
    made = Variant(
        id=id_of(fields.pop("id", ""), "variants.id"),
        sku=line(fields.pop("sku", ""), "sku"),
        gtin=line(fields.pop("gtin", ""), "gtin"),
        options=attributes_of(fields.pop("options", {}), "options"),
        offers=offers,
        image=line(fields.pop("image", ""), "image"),
    )
    if fields:
        name = next(iter(fields))
        wanted = "id, sku, gtin, options, price, list_price, currency, stock, offers or image"
        raise FieldError(f"variants.{name}", fields[name], wanted)
    return made
