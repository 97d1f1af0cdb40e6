"""Which language a text is in, as far as an import needs to know: by its script, and by small words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)
SMALL_WORDS = {
    "en": frozenset("the and for with of in to your is this from that are you it on by an or".split()),
    "de": frozenset("und der die das mit für von ein eine aus ist zum zur den dem auf im sich nicht".split()),
    "fr": frozenset("et le la les des pour avec de du un une en dans sur est au aux vous votre".split()),
    "es": frozenset("y el la los las de para con un una en del por es al su que más".split()),
    "it": frozenset("e il lo la gli le di per con un una in del della che è al alla più".split()),
    "nl": frozenset("en de het een van voor met in is op te aan dit deze uw je".split()),
    "pt": frozenset("e o a os as de para com um uma em do da que por no na seu mais".split()),
}
# A model for each language that English models cannot read, and one for all.
FITTING = {"zh": "BAAI/bge-small-zh-v1.5"}
FITTING_ALL = "intfloat/multilingual-e5-small"


def script_language(text: str) -> str | None:
    """The language of a text's script, where that tells ("zh", "ru", …); None for Latin."""
    letters = sum(char.isalpha() for char in text)
    for language, script in SCRIPTS:
        # One sign of a dense script says as much as three of the other letters, which may be a brand's.
        signs = len(script.findall(text))
        if signs and signs * 3 >= letters - signs:
            return language
    return None


def guess_language(text: str) -> str | None:
    """The language of one text ("en", "zh", …); None where a title is too short to tell.

    >>> guess_language("保温杯 500ml"), guess_language("Jacke für den Winter mit Kapuze"), guess_language("XPS 13")
    ('zh', 'de', None)
    """
    by_script = script_language(text)
    if by_script is not None:
        return by_script
    words = re.findall(r"[^\W\d_]+", text.casefold())
    counts = {language: len(small.intersection(words)) for language, small in SMALL_WORDS.items()}
    best, second = sorted(counts, key=lambda language: -counts[language])[:2]
    return best if counts[best] >= 2 and counts[best] > counts[second] else None


def main_language(texts: Iterable[str]) -> str | None:
    """The language that most of the texts are in that say one; None when hardly any does."""
    guessed = Counter(language for language in map(guess_language, texts) if language)
    if not guessed:
        return None
    language, count = guessed.most_common(1)[0]
    return language if count >= 3 and count * 2 > guessed.total() else None


def fitting_model(language: str) -> str:
    """A hub model that reads the language."""
    return FITTING.get(language, FITTING_ALL)
