"""A drawn tile in place of a picture: the sample shop has none."""

from __future__ import annotations

from ...plugin import Product
from .icons import department_icon
from .markup import text

# Department code: a light and a deep colour of its ground, and the colour of its lines.
COLOURS = {
    "Beauty & Care": ("#fcebef", "#f3cdd8", "#9c4a64"),
    "Books & Crafts": ("#f1eaf8", "#dccdee", "#6a4c93"),
    "Clothing": ("#e8edf8", "#c9d5ee", "#3f5a94"),
    "Electronics": ("#e4f1f6", "#c0dde9", "#2b6a84"),
    "Food & Drink": ("#f9eedf", "#eed6b4", "#8a5a20"),
    "Garden & Balcony": ("#e8f4e4", "#c6e2bf", "#3d7a34"),
    "Home & Living": ("#f5efe7", "#e2d4c0", "#7a6142"),
    "Kitchen": ("#fdf0e2", "#f6d8b4", "#9a5b1e"),
    "Lighting & Electrical": ("#fdf8df", "#f4e5a3", "#82690c"),
    "Office & Stationery": ("#e9f0f2", "#cadbe0", "#3f6673"),
    "Pets": ("#f6ebe3", "#e6cfbc", "#84522e"),
    "Shoes": ("#ebefee", "#cfdad8", "#46605c"),
    "Sports & Camping": ("#e4f3ed", "#bcdfcf", "#23705a"),
    "Tools & DIY": ("#f1ecea", "#dbcfc8", "#6d4f42"),
    "Toys & Baby": ("#fdeee0", "#f6d2ad", "#a0521c"),
    "Travel & Bags": ("#e8f0f8", "#c7d9ec", "#345f8c"),
}
PLAIN = ("#eff2f0", "#d7dfda", "#55665d")  # of a department that is not in the list


def department(product: Product) -> str:
    """The code of the product's department; blank where it has none."""
    return product.categories[0][0].code if product.categories else ""


def tile(product: Product) -> str:
    """The tile's HTML: the department's drawing, or initials where it has none."""
    code = department(product)
    light, deep, lines = COLOURS.get(code, PLAIN)
    style = f"color:{lines};background:linear-gradient(150deg,{light} 20%,{deep})"
    drawn = department_icon(code) or f"<span>{text(_initials(product))}</span>"
    return f'<div class="fh-tile" style="{style}" aria-hidden="true">{drawn}</div>'


def _initials(product: Product) -> str:
    words = (product.brand or product.title).split()
    return "".join(word[0] for word in words[:2]).upper()
