"""Page tokens: whatever the store does meanwhile, the next page shows nothing again and leaves nothing out."""

from __future__ import annotations

import base64
import binascii
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..index import RequestError
from .request import Request

MOST_SHOWN = 1_000  # products before a page; a token for more is longer than a web server takes
# Of a product. Of 50,000 one is taken for one of 1,000 that were shown in one of 20,000 answers, and left out.
_KEY_BYTES = 5
_SHIFT = 63 - 8 * _KEY_BYTES  # the first bits of the tie-breaking key, which has 63
_REQUEST_BYTES = 6
Keys = NDArray[np.int64]


def fingerprint(request: Request, paging: bool = False) -> str:
    """A hash of all that decides what belongs to an answer and in which order; with `paging` also of the page."""
    fields = {name: getattr(request, name) for name in request.__dataclass_fields__}
    for name in ("user_id", "session", "history", "basket"):  # who clicks on, or logs in, goes on with the same page
        del fields[name]
    if not paging:
        for name in ("k", "offset", "after", "facets", "narrow_facets"):
            del fields[name]
    return blake2b(repr(fields).encode(), digest_size=16).hexdigest()


def page_token(request: Request, shown: Keys, keys: Keys) -> str | None:
    """The token of what comes after those that were shown before and products with these tie-breaking keys.

    None for more than MOST_SHOWN.
    """
    if len(shown) + len(keys) > MOST_SHOWN:
        return None
    short = (
        np.unique(np.concatenate((shown, keys >> _SHIFT)))
        .astype(">i8")
        .view(np.uint8)
        .reshape(-1, 8)[:, 8 - _KEY_BYTES :]
    )
    head = bytes.fromhex(fingerprint(request))[:_REQUEST_BYTES]
    return base64.urlsafe_b64encode(head + short.tobytes()).rstrip(b"=").decode()


def shown_before(request: Request) -> Keys:
    """What the token of a request says was shown; raises `RequestError` for one that is not this request's."""
    given = request.after or ""
    try:
        token = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        token = b""
    body = token[_REQUEST_BYTES:]
    if len(token) < _REQUEST_BYTES or len(body) % _KEY_BYTES:
        raise RequestError(
            f"after: wanted a token as `Results.after` gives it, got {given!r:.80}; begin with the first page"
        )
    if token[:_REQUEST_BYTES] != bytes.fromhex(fingerprint(request))[:_REQUEST_BYTES]:
        raise RequestError(
            "after: wanted a token of this request, got one of another query, filter, order or context; begin with "
            "the first page"
        )
    wide = np.zeros((len(body) // _KEY_BYTES, 8), np.uint8)
    wide[:, 8 - _KEY_BYTES :] = np.frombuffer(body, np.uint8).reshape(-1, _KEY_BYTES)
    made: Keys = wide.reshape(-1).view(">i8").astype(np.int64)
    return made


def not_shown(keys: Keys, shown: Keys) -> NDArray[np.bool_]:
    """Which of the products with these tie-breaking keys were not shown."""
    return ~np.isin(keys >> _SHIFT, shown)
