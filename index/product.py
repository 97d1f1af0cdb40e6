"""What a shop sells: a product with texts by locale, attributes, variants and their offers.

A small shop writes `Product(id="p1", title="Red boot", price=49)`; everything else has a default. A blank locale or
currency stands for the shop's own and is filled in when the product is stored (`Product.resolved`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .context import best_locale, check_locale
from .errors import FieldError, RequestError
from .money import currency_of, price_of

MAX_ID = 200
MAX_TITLE = 2_000
MAX_DESCRIPTION = 200_000
PATH_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Text:
    """What the product says in one locale."""

    title: str
    description: str = ""
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute: a stable `code` that filters compare, labels by locale that people read.

    A measure also has its `number` (in `unit`), so that ranges work on it.
    """

    code: str
    labels: Mapping[str, str] = field(default_factory=dict)
    number: float | None = None
    unit: str = ""

    def label(self, locale: str | None = None) -> str:
        """The label nearest to `locale`; the code where there is none."""
        found = best_locale(locale, self.labels)
        return self.code if found is None else self.labels[found]


Attributes = Mapping[str, tuple[Value, ...]]
CategoryPath = tuple[Value, ...]


def path_code(path: CategoryPath, depth: int | None = None) -> str:
    """A category's code: its levels' codes joined, "Shoes > Boots"."""
    return PATH_SEPARATOR.join(level.code for level in path[:depth])


@dataclass(frozen=True, slots=True)
class Offer:
    """A price at which a variant is sold, to whom and where, and how many there are.

    Blank `market`, `group` and `location` mean all. `stock` None means that it is not counted: always in stock.
    Valid from `starts` (included) to `ends` (excluded), both with a time zone.
    """

    price: Decimal
    currency: str = ""
    market: str = ""
    group: str = ""
    location: str = ""
    list_price: Decimal | None = None
    stock: int | None = None
    starts: datetime | None = None
    ends: datetime | None = None

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "price", price_of(self.price))
        set_(self, "list_price", None if self.list_price is None else price_of(self.list_price, "list_price"))
        set_(self, "currency", self.currency and currency_of(self.currency))
        set_(self, "stock", None if self.stock is None else _stock(self.stock))
        set_(self, "starts", _moment(self.starts, "starts"))
        set_(self, "ends", _moment(self.ends, "ends"))

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells two offers of one variant apart."""
        return (self.currency, self.market, self.group, self.location)


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing that can be put into a basket: its own options (size, colour), numbers and offers."""

    id: str
    sku: str = ""
    gtin: str = ""
    options: Attributes = field(default_factory=dict)
    offers: tuple[Offer, ...] = ()
    image: str = ""


@dataclass(frozen=True, slots=True, init=False)
class Product:
    """One product: what is searched, filtered, shown and sold.

    `texts` is by locale, the default one first. `variants` is never empty: a product without variants has exactly
    one, with the product's own id. `locale` is the one that `title` and `description` speak.
    """

    id: str
    texts: Mapping[str, Text]
    brand: str
    categories: tuple[CategoryPath, ...]
    attributes: Attributes
    variants: tuple[Variant, ...]
    tags: tuple[str, ...]
    url: str
    image: str
    added: datetime | None
    locale: str

    def __init__(
        self,
        id: str | int,
        title: str | Mapping[str, str] | None = None,
        *,
        description: str | Mapping[str, str] = "",
        slug: str | Mapping[str, str] = "",
        brand: str = "",
        category: object = (),
        attributes: Mapping[str, object] | None = None,
        price: object = None,
        list_price: object = None,
        currency: str = "",
        stock: int | None = None,
        sku: str = "",
        gtin: str = "",
        offers: Iterable[Offer | Mapping[str, Any]] = (),
        variants: Iterable[Variant | Mapping[str, Any]] = (),
        tags: Iterable[str] = (),
        url: str = "",
        image: str = "",
        added: datetime | str | None = None,
    ) -> None:
        """Checks everything once; raises `FieldError` with field, value and what was wanted.

        `title`, `description`, `slug`: a text, or texts by locale. `category`: "Shoes > Boots", a mapping of locale to
        such a path, or a list of either. `attributes`: values are a text, number, bool, `{"code", "label"}`,
        `{"value", "unit"}`, a `Value`, or a list of these. `price` and `list_price`: one amount in `currency`, or
        amounts by currency. `price`, `stock`, `sku`, `gtin`, `offers` describe the single variant, or are what
        variants without an offer of their own take over.
        """
        set_ = object.__setattr__
        set_(self, "id", _id(id, "id"))
        set_(self, "texts", _texts(title, description, slug))
        set_(self, "brand", _line(brand, "brand"))
        set_(self, "categories", _categories(category))
        set_(self, "attributes", _attributes(attributes or {}, "attributes"))
        own = _offers(offers, price, list_price, currency, stock)
        made = tuple(_variant(each, own) for each in variants)
        if not made:
            made = (Variant(id=self.id, sku=_line(sku, "sku"), gtin=_line(gtin, "gtin"), offers=own),)
        ids = [variant.id for variant in made]
        if len(set(ids)) < len(ids):
            twice = next(each for each in ids if ids.count(each) > 1)
            raise FieldError("variants", twice, "variant ids that differ from each other")
        set_(self, "variants", made)
        set_(self, "tags", tuple(dict.fromkeys(_line(tag, "tags") for tag in tags if str(tag).strip())))
        set_(self, "url", _line(url, "url"))
        set_(self, "image", _line(image, "image"))
        set_(self, "added", _moment(added, "added"))
        set_(self, "locale", next(iter(self.texts)))

    @property
    def title(self) -> str:
        """The title in `locale`."""
        return self.texts[self.locale].title

    @property
    def description(self) -> str:
        """The description in `locale`; blank where there is none."""
        return self.texts[self.locale].description

    @property
    def offers(self) -> Iterator[tuple[Variant, Offer]]:
        """All offers with their variant."""
        return ((variant, offer) for variant in self.variants for offer in variant.offers)

    @property
    def category(self) -> str:
        """The first category's path in `locale`, "Shoes > Boots"; blank without one."""
        return PATH_SEPARATOR.join(level.label(self.locale) for level in self.categories[0]) if self.categories else ""

    def localized(self, locale: str | None) -> Product:
        """The same product, speaking the text nearest to `locale`."""
        return replace_field(self, "locale", best_locale(locale, self.texts) or self.locale)

    def resolved(self, locale: str, currency: str) -> Product:
        """The same product with blank locales and currencies filled in."""
        texts, categories, attributes, variants = self.texts, self.categories, self.attributes, self.variants
        if "" in texts:
            texts = {(code or locale): text for code, text in texts.items()}
        categories = tuple(tuple(_labels_resolved(level, locale) for level in path) for path in categories)
        attributes = _attributes_resolved(attributes, locale)
        variants = tuple(
            replace(
                variant,
                options=_attributes_resolved(variant.options, locale),
                offers=tuple(offer if offer.currency else replace(offer, currency=currency) for offer in variant.offers),
            )
            for variant in variants
        )
        made = self
        for name, value in (("texts", texts), ("categories", categories), ("attributes", attributes), ("variants", variants)):
            made = replace_field(made, name, value)
        return replace_field(made, "locale", self.locale or locale)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what `from_dict` reads back as an equal product. Blank fields are left out."""
        titles = {locale: text.title for locale, text in self.texts.items()}
        made: dict[str, Any] = {"id": self.id, "title": titles}
        for name in ("description", "slug"):
            texts = {locale: getattr(text, name) for locale, text in self.texts.items() if getattr(text, name)}
            if texts:
                made[name] = texts
        made["category"] = [[_value_to_dict(level) for level in path] for path in self.categories]
        made["attributes"] = _attributes_to_dict(self.attributes)
        made["variants"] = [_variant_to_dict(variant) for variant in self.variants]
        made |= {"brand": self.brand, "tags": list(self.tags), "url": self.url, "image": self.image}
        made["added"] = self.added.isoformat() if self.added else None
        return {key: value for key, value in made.items() if value not in ("", None, [], {})}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Product:
        """A product from plain values: the arguments of `Product` by name. Raises `FieldError`."""
        unknown = [name for name in fields if name not in FIELDS]
        if unknown:
            raise FieldError(str(unknown[0]), fields[unknown[0]], f"one of the fields {', '.join(FIELDS)}")
        if "id" not in fields:
            raise FieldError("id", None, "an id, a text that never changes for this product")
        return cls(**fields)


FIELDS = (
    *("id", "title", "description", "slug", "brand", "category", "attributes", "price", "list_price", "currency", "stock"),
    *("sku", "gtin", "offers", "variants", "tags", "url", "image", "added"),
)


def replace_field(product: Product, name: str, value: object) -> Product:
    """A copy with one field changed; nothing is checked again."""
    made = object.__new__(Product)
    for each in Product.__dataclass_fields__:
        object.__setattr__(made, each, value if each == name else getattr(product, each))
    return made


# ---- reading the arguments ---------------------------------------------------------------------------------------


def _id(value: object, name: str) -> str:
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text or len(text) > MAX_ID or not text.isprintable():
        raise FieldError(name, value, f"a text of 1 to {MAX_ID} printable characters")
    return text


def _clean(text: str) -> str:
    """NUL and other control characters out; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"})


def _line(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldError(name, value, "a text")
    return " ".join(_clean(value).split())


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


def _texts(title: object, description: object, slug: object) -> dict[str, Text]:
    titles = {locale: _line(text, "title") for locale, text in _by_locale(title, "title").items()}
    titles = {locale: text for locale, text in titles.items() if text}
    if not titles:
        raise FieldError("title", title, "a title that is not empty, in at least one locale")
    descriptions, slugs = _by_locale(description, "description"), _by_locale(slug, "slug")
    default = next(iter(titles))
    # A plain description beside titles by locale belongs to the default one.
    for texts in (descriptions, slugs):
        if "" in texts and "" not in titles:
            texts[default] = texts.pop("")
    for locale, text in titles.items():
        if len(text) > MAX_TITLE:
            raise FieldError("title", text, f"at most {MAX_TITLE:,} characters")
        if len(descriptions.get(locale, "")) > MAX_DESCRIPTION:
            raise FieldError("description", descriptions[locale], f"at most {MAX_DESCRIPTION:,} characters")
    return {
        locale: Text(text, _clean(descriptions.get(locale, "")).strip(), _line(slugs.get(locale, ""), "slug"))
        for locale, text in titles.items()
    }


def _paths(path: str) -> list[str]:
    return [level.strip() for level in path.replace("›", ">").split(">") if level.strip()]


def _category(value: object) -> CategoryPath:
    if isinstance(value, str):
        return tuple(Value(level, {"": level}) for level in _paths(_line(value, "category")))
    if isinstance(value, Mapping):
        by_locale = {locale: _paths(text) for locale, text in _by_locale(value, "category").items() if text.strip()}
        if len({len(path) for path in by_locale.values()}) > 1:
            raise FieldError("category", value, "paths of the same depth in every locale")
        first = next(iter(by_locale.values()), [])
        return tuple(
            Value(code, {locale: path[depth] for locale, path in by_locale.items()}) for depth, code in enumerate(first)
        )
    if isinstance(value, (list, tuple)) and all(isinstance(level, (Mapping, Value)) for level in value):
        return tuple(_value(level, "category") for level in value)
    raise FieldError("category", value, "a path such as 'Shoes > Boots', or such paths by locale")


def _categories(value: object) -> tuple[CategoryPath, ...]:
    if value is None:
        return ()
    # A list is a list of paths; one that holds plain values would be a path, which only `to_dict` writes (nested).
    each = value if isinstance(value, (list, tuple)) else [value]
    paths = [_category(path) for path in each]
    return tuple(path for path in paths if path)


def number_text(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def _value(value: object, name: str) -> Value:
    if isinstance(value, Value):
        return value
    if isinstance(value, bool):
        return Value("true" if value else "false")
    if isinstance(value, (int, float, Decimal)):
        if not Decimal(str(value)).is_finite():
            raise FieldError(name, value, "a finite number")
        return Value(number_text(float(value)), number=float(value))
    if isinstance(value, str):
        code = _line(value, name)
        if not code:
            raise FieldError(name, value, "a value that is not empty")
        return Value(code, {"": code})
    if isinstance(value, Mapping):
        if not set(value) <= {"code", "label", "value", "unit"} or ("code" in value) == ("value" in value):
            raise FieldError(name, dict(value), "{'code', 'label'} or {'value', 'unit'}")
        unit = _line(value.get("unit", ""), f"{name}.unit")
        if "value" in value:
            plain = _value(value["value"], name)
            if plain.number is None:
                raise FieldError(name, value["value"], "a number beside 'unit'")
            return Value(f"{plain.code} {unit}".strip(), number=plain.number, unit=unit)
        code = _line(str(value["code"]), f"{name}.code")
        if not code:
            raise FieldError(f"{name}.code", value["code"], "a code that is not empty")
        labels = {locale: _line(text, f"{name}.label") for locale, text in _by_locale(value.get("label"), name).items()}
        return Value(code, {locale: text for locale, text in labels.items() if text})
    raise FieldError(name, value, "a text, a number, true or false, {'code', 'label'} or {'value', 'unit'}")


def _attributes(value: object, name: str) -> dict[str, tuple[Value, ...]]:
    if not isinstance(value, Mapping):
        raise FieldError(name, value, "a mapping of attribute names to values")
    made: dict[str, tuple[Value, ...]] = {}
    for key, each in value.items():
        key = _line(key, name)
        if not key:
            raise FieldError(name, key, "an attribute name that is not empty")
        if each is None or each == "":
            continue
        values = [_value(one, f"{name}.{key}") for one in (each if isinstance(each, (list, tuple)) else [each])]
        unique = {one.code: one for one in values}
        if unique:
            made[key] = tuple(unique.values())
    return made


def _stock(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**53:
        raise FieldError("stock", value, "a whole number of pieces")
    return max(value, 0)  # shops that sell on back order count below zero; there is nothing to sell from


def _moment(value: object, name: str) -> datetime | None:
    if value is None or value == "":
        return None
    wanted = "a date or time in ISO 8601, such as 2026-03-01 or 2026-03-01T12:00:00+01:00"
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise FieldError(name, value, wanted) from None
    if not isinstance(value, datetime):
        raise FieldError(name, value, wanted)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _amounts(value: object, currency: str, name: str) -> dict[str, Decimal]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {currency_of(code): price_of(amount, name) for code, amount in value.items()}
    return {currency and currency_of(currency): price_of(value, name)}


def _offers(
    offers: Iterable[Offer | Mapping[str, Any]], price: object, list_price: object, currency: str, stock: object
) -> tuple[Offer, ...]:
    made = [each if isinstance(each, Offer) else _offer(each) for each in offers]
    lists = _amounts(list_price, currency, "list_price")
    counted = None if stock is None else _stock(stock)
    made += [
        Offer(amount, code, list_price=lists.get(code), stock=counted)
        for code, amount in _amounts(price, currency, "price").items()
    ]
    return tuple(made)


def _offer(fields: Mapping[str, Any]) -> Offer:
    try:
        return Offer(**fields)
    except TypeError:
        names = ", ".join(Offer.__dataclass_fields__)
        raise FieldError("offers", dict(fields), f"a price, and any of {names}") from None


def _variant(value: Variant | Mapping[str, Any], product_offers: tuple[Offer, ...]) -> Variant:
    if isinstance(value, Variant):
        return value if value.offers else replace(value, offers=product_offers)
    if not isinstance(value, Mapping):
        raise FieldError("variants", value, "a list of variants")
    fields = dict(value)
    offers = _offers(
        fields.pop("offers", ()),
        fields.pop("price", None),
        fields.pop("list_price", None),
        fields.pop("currency", ""),
        stock := fields.pop("stock", None),
    )
    if not offers:
        counted = None if stock is None else _stock(stock)
        offers = tuple(each if counted is None else replace(each, stock=counted) for each in product_offers)
    made = {
        "id": _id(fields.pop("id", ""), "variants.id"),
        "sku": _line(fields.pop("sku", ""), "sku"),
        "gtin": _line(fields.pop("gtin", ""), "gtin"),
        "options": _attributes(fields.pop("options", {}), "options"),
        "image": _line(fields.pop("image", ""), "image"),
    }
    if fields:
        name = next(iter(fields))
        raise FieldError(f"variants.{name}", fields[name], "id, sku, gtin, options, price, list_price, currency, stock, offers or image")
    return Variant(**made, offers=offers)


# ---- filling in what was left blank ------------------------------------------------------------------------------


def _labels_resolved(value: Value, locale: str) -> Value:
    if "" not in value.labels:
        return value
    return replace(value, labels={(code or locale): label for code, label in value.labels.items()})


def _attributes_resolved(attributes: Attributes, locale: str) -> Attributes:
    return {key: tuple(_labels_resolved(value, locale) for value in values) for key, values in attributes.items()}


# ---- writing plain values ----------------------------------------------------------------------------------------


def _value_to_dict(value: Value) -> dict[str, Any]:
    if value.number is not None:
        return {"value": value.number, "unit": value.unit}
    return {"code": value.code, "label": dict(value.labels)} if value.labels else {"code": value.code}


def _attributes_to_dict(attributes: Attributes) -> dict[str, list[dict[str, Any]]]:
    return {key: [_value_to_dict(value) for value in values] for key, values in attributes.items()}


def _variant_to_dict(variant: Variant) -> dict[str, Any]:
    made: dict[str, Any] = {"id": variant.id, "sku": variant.sku, "gtin": variant.gtin, "image": variant.image}
    made["options"] = _attributes_to_dict(variant.options)
    made["offers"] = [offer_to_dict(offer) for offer in variant.offers]
    return {key: value for key, value in made.items() if value not in ("", [], {})}


def offer_to_dict(offer: Offer) -> dict[str, Any]:
    """An offer as plain JSON values; blank fields are left out."""
    made: dict[str, Any] = {name: getattr(offer, name) for name in Offer.__dataclass_fields__}
    for name in ("price", "list_price"):
        made[name] = None if made[name] is None else str(made[name])
    for name in ("starts", "ends"):
        made[name] = made[name].isoformat() if made[name] else None
    return {key: value for key, value in made.items() if value not in ("", None)}
