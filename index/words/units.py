"""Units: one spelling for each measure, so that `27"`, "27-inch" and "27 in." are the same words."""

from __future__ import annotations

import re

# canonical token -> spellings as they stand after a number; the longest are tried first.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "in": ("inches", "inch", "in.", "in", '"', "''", "英寸", "吋", "寸"),
    "ft": ("feet", "foot", "ft.", "ft", "'", "英尺"),
    "yd": ("yards", "yard", "yd.", "yd", "码"),
    "mm": ("millimeters", "millimetres", "mm", "毫米"),
    "cm": ("centimeters", "centimetres", "cm", "厘米", "公分"),
    "m": ("meters", "metres", "meter", "metre", "米"),
    "gal": ("gallons", "gallon", "gal.", "gal", "加仑"),
    "qt": ("quarts", "quart", "qt.", "qt", "夸脱"),
    "ml": ("milliliters", "millilitres", "ml", "毫升"),
    "l": ("liters", "litres", "liter", "litre", "l", "升"),
    "oz": ("ounces", "ounce", "oz.", "oz", "盎司"),
    "lb": ("pounds", "pound", "lbs.", "lbs", "lb.", "lb", "磅"),
    "kg": ("kilograms", "kilogram", "kilos", "kilo", "kgs", "kg", "公斤", "千克"),
    "g": ("grams", "gram", "gr", "g", "克"),
    "watt": ("watts", "watt", "w", "瓦"),
    "volt": ("volts", "volt", "v", "伏"),
    "amp": ("amps", "amp", "amperes", "ampere", "a", "安"),
    "btu": ("btus", "btu"),
    "gb": ("gigabytes", "gigabyte", "gb"),
    "tb": ("terabytes", "terabyte", "tb"),
}
# Area is written with and without a number before it ("sq. ft. coverage").
AREA = re.compile(r"\b(?:square\s+(?:feet|foot|ft\.?)|sq\.?\s*(?:feet|foot|ft)\b\.?)")
CANONICAL = {spelling: unit for unit, spellings in SPELLINGS.items() for spelling in spellings}


def _pattern(spelling: str) -> str:
    # A spelling that ends in a Latin letter must end there: "5 inside" is no measure.
    return re.escape(spelling) + (r"(?![a-z])" if spelling[-1].isascii() and spelling[-1].isalpha() else "")


MEASURE = re.compile(
    r"(?<=\d)[\s-]*(" + "|".join(_pattern(each) for each in sorted(CANONICAL, key=len, reverse=True)) + ")"
)
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
# No \s* before the sign: over a long run of blanks it would be tried from each of them.
TIMES = re.compile(r"(?<=[\d\s])[x×*]\s*(?=\d)")


def unify_units(text: str) -> str:
    """Lower-case text with every measure as number, blank, canonical unit, and "2x4" as "2 4".

    >>> unify_units('27" monitor'), unify_units("1/2 in. x 3 ft."), unify_units("5加仑")
    ('27 in  monitor', '1/2 in   3 ft ', '5 gal ')
    """
    text = THOUSANDS.sub("", text)
    text = AREA.sub(" sqft ", text)
    text = MEASURE.sub(lambda found: f" {CANONICAL[found[1]]} ", text)
    return TIMES.sub(" ", text)
