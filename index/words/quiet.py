"""Words that say little about what is wanted, and count little when they are typed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .analysis import tokens

# "gift for a child who likes space" must not be answered by every description with "who" in it. On short queries the
# weight changes nothing (Home Depot, buckets 30-99: nDCG@10 .407 from 1 down to 0.2). Words that carry meaning in a
# shop stay loud: not, no, without, with, in, on, off, over, under, up, down.
QUIET_WEIGHT = 0.3
QUIET = {
    "en": "a an and any are as at be but by can do does for from has have he her his how i is it its me my of or "
    "our she so some something that the their them there they this to was we what when which who will you your",
    "de": "der die das den dem des ein eine einen einem einer und oder für von zu zum zur ist sind ich du er sie es "
    "wir ihr mein dein sein etwas was wie wer dass als auch",
    "fr": "le la les l un une des du de d et ou pour par à au aux est sont je tu il elle nous vous mon ma mes ton ta "
    "son sa ses que qui ce cette quelque chose comme",
    "zh": "的 了 是 和 与 我 你 他 她 它 个 一 想 要 请 吗 呢 啊",
}


@lru_cache(maxsize=64)
def _quiet(locale: str) -> frozenset[str]:
    return frozenset(tokens(QUIET.get(locale.split("-")[0], ""), locale))


def word_weights(words: Sequence[str], locale: str) -> NDArray[np.float32]:
    """How much each word of a query counts, in (0, 1]; all 1 when there are none but quiet words."""
    quiet = np.array([word in _quiet(locale) for word in words], bool)
    if quiet.all():
        return np.ones(len(words), np.float32)
    return np.where(quiet, np.float32(QUIET_WEIGHT), np.float32(1))


def is_quiet(term: str, locale: str) -> bool:
    """Whether a term says little."""
    return term in _quiet(locale)
