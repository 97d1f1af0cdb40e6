"""What a shop sells: a product with texts by locale, attributes, variants and their offers.

A small shop writes `Product(id="p1", title="Red boot", price=49)`; everything else has a default. A blank locale or
currency stands for the shop's own and is filled in when the product is stored (`Product.resolved`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from . import product_fields as given
from . import product_json as plain
from .context import best_locale
from .errors import FieldError
from .product_parts import (
    PATH_SEPARATOR,
    Attributes,
    CategoryPath,
    Offer,
    Text,
    Value,
    Variant,
    line,
    list_of,
    moment_of,
)


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
    encoder_texts: Mapping[str, str]  # by locale: what the encoder reads in place of title, brand, category and so on
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
        encoder_text: str | Mapping[str, str] = "",
    ) -> None:
        """Checks everything once; raises `FieldError` with field, value and what was wanted.

        `title`, `description`, `slug`: a text, or texts by locale. `category`: "Shoes > Boots", a mapping of locale to
        such a path, or a list of either. `attributes`: values are a text, number, bool, `{"code", "label"}`,
        `{"value", "unit"}`, a `Value`, or a list of these. `price` and `list_price`: one amount in `currency`, or
        amounts by currency. `price`, `stock`, `sku`, `gtin`, `offers` describe the single variant, or are what
        variants without an offer of their own take over. `encoder_text`: what the encoder is to read in place of the
        title and all else, a text or texts by locale.
        """
        set_ = object.__setattr__
        set_(self, "id", given.id_of(id, "id"))
        set_(self, "texts", given.texts_of(title, description, slug))
        set_(self, "brand", line(brand, "brand"))
        set_(self, "categories", given.categories_of(category))
        set_(self, "attributes", given.attributes_of(attributes or {}, "attributes"))
        own = given.offers_of(offers, price, list_price, currency, stock)
        listed = list_of(variants, "variants", "a list of variants")
        made = tuple(given.variant_of(each, own) for each in listed)
        if not made:
            made = (Variant(id=self.id, sku=line(sku, "sku"), gtin=line(gtin, "gtin"), offers=own),)
        ids = [variant.id for variant in made]
        if len(set(ids)) < len(ids):
            twice = next(each for each in ids if ids.count(each) > 1)
            raise FieldError("variants", twice, "variant ids that differ from each other")
        set_(self, "variants", made)
        labels = (line(tag, "tags") for tag in list_of(tags, "tags", "a list of texts"))
        set_(self, "tags", tuple(dict.fromkeys(filter(None, labels))))
        set_(self, "url", line(url, "url"))
        set_(self, "image", line(image, "image"))
        set_(self, "added", moment_of(added, "added"))
        set_(self, "encoder_texts", given.encoder_texts_of(encoder_text, self.texts))
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

    def with_offers(self, by_variant: Sequence[Sequence[Offer]]) -> Product:
        """The same product with other offers, one list for each variant in their order."""
        pairs = zip(self.variants, by_variant, strict=True)
        return replace_field(self, "variants", tuple(replace(each, offers=tuple(own)) for each, own in pairs))

    def with_encoder_texts(self, texts: Mapping[str, str]) -> Product:
        """The same product with other texts for the encoder, by locale."""
        return replace_field(self, "encoder_texts", given.encoder_texts_of(texts, self.texts))

    def resolved(self, locale: str, currency: str) -> Product:
        """The same product with blank locales and currencies filled in."""
        texts, categories, attributes, variants = self.texts, self.categories, self.attributes, self.variants
        if "" in texts:
            texts = {(code or locale): text for code, text in texts.items()}
        encoder_texts = {(code or locale): text for code, text in self.encoder_texts.items()}
        categories = tuple(tuple(_labels_resolved(level, locale) for level in path) for path in categories)
        attributes = _attributes_resolved(attributes, locale)
        variants = tuple(
            replace(
                variant,
                options=_attributes_resolved(variant.options, locale),
                offers=tuple(
                    offer if offer.currency else replace(offer, currency=currency) for offer in variant.offers
                ),
            )
            for variant in variants
        )
        made = self
        for name, value in (
            ("texts", texts),
            ("encoder_texts", encoder_texts),
            ("categories", categories),
            ("attributes", attributes),
            ("variants", variants),
        ):
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
        made["category"] = [[plain.value_to_dict(level) for level in path] for path in self.categories]
        made["attributes"] = plain.attributes_to_dict(self.attributes)
        made["variants"] = [plain.variant_to_dict(variant) for variant in self.variants]
        made |= {"brand": self.brand, "tags": list(self.tags), "url": self.url, "image": self.image}
        made["added"] = self.added.isoformat() if self.added else None
        made["encoder_text"] = dict(self.encoder_texts)
        return {key: value for key, value in made.items() if value not in ("", None, [], {})}

    @classmethod
    def from_stored(cls, fields: Mapping[str, Any]) -> Product:
        """What `to_dict` wrote, without checking it again: a page of 24 products is read in a third of the time."""
        titles, descriptions, slugs = fields["title"], fields.get("description", {}), fields.get("slug", {})
        texts = {
            locale: Text(title, descriptions.get(locale, ""), slugs.get(locale, "")) for locale, title in titles.items()
        }
        made, set_ = object.__new__(cls), object.__setattr__
        set_(made, "id", fields["id"])
        set_(made, "texts", texts)
        set_(made, "locale", next(iter(texts)))
        for name in ("brand", "url", "image"):
            set_(made, name, fields.get(name, ""))
        paths = fields.get("category", ())
        set_(made, "categories", tuple(tuple(map(plain.value_from_dict, path)) for path in paths))
        set_(made, "attributes", plain.attributes_from_dict(fields.get("attributes", {})))
        set_(made, "variants", tuple(map(plain.variant_from_dict, fields["variants"])))
        set_(made, "tags", tuple(fields.get("tags", ())))
        set_(made, "added", datetime.fromisoformat(fields["added"]) if "added" in fields else None)
        set_(made, "encoder_texts", fields.get("encoder_text", {}))
        return made

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
    *(
        "id",
        "title",
        "description",
        "slug",
        "brand",
        "category",
        "attributes",
        "price",
        "list_price",
        "currency",
        "stock",
    ),
    *("sku", "gtin", "offers", "variants", "tags", "url", "image", "added", "encoder_text"),
)


def replace_field(product: Product, name: str, value: object) -> Product:
    """A copy with one field changed; nothing is checked again."""
    made = object.__new__(Product)
    for each in Product.__dataclass_fields__:
        object.__setattr__(made, each, value if each == name else getattr(product, each))
    return made


def _labels_resolved(value: Value, locale: str) -> Value:
    if "" not in value.labels:
        return value
    return replace(value, labels={(code or locale): label for code, label in value.labels.items()})


def _attributes_resolved(attributes: Attributes, locale: str) -> Attributes:
    return {key: tuple(_labels_resolved(value, locale) for value in values) for key, values in attributes.items()}
