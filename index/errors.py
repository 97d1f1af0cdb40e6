"""What can go wrong, as exceptions that a shop can catch: all of them are a `ShelfwiseError`."""

from __future__ import annotations


class ShelfwiseError(Exception):
    """The root: catching it catches all that Shelfwise raises on purpose."""


class Shown(str):
    """A value that is already written as it is to be shown."""

    __slots__ = ()


class FieldError(ShelfwiseError, ValueError):
    """One field of a product has a value that cannot be used.

    `field` is its name, `value` what came (shortened), `wanted` what would have been right.
    """

    def __init__(self, field: str, value: object, wanted: str) -> None:
        shown = value if isinstance(value, Shown) else repr(value)
        self.field = field
        self.value = shown if len(shown) <= 80 else shown[:77] + "..."
        self.wanted = wanted
        super().__init__(f"{field}: wanted {wanted}, got {self.value}")

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are rebuilt from `args`, which hold the sentence alone: name the parts instead.
        return (type(self), (self.field, Shown(self.value), self.wanted))


class FeedError(ShelfwiseError, ValueError):
    """A feed cannot be read at all: missing, empty, of an unknown format or encoding."""


class ImportRefused(ShelfwiseError):
    """An import was stopped before it changed anything (`strict`, or `replace` that would lose too much)."""


class RequestError(ShelfwiseError, ValueError):
    """A request asks for something impossible: `k`, `offset`, context or filters."""


class FilterError(RequestError):
    """A filter names an unknown field, or has a value of the wrong kind."""


class UnknownProduct(ShelfwiseError, KeyError):
    """No product has this id."""

    def __str__(self) -> str:  # KeyError would print the repr of the sentence
        return str(self.args[0])


class EncoderError(ShelfwiseError):
    """An encoder is missing, cannot be loaded, or gives vectors of another shape than the store holds."""


class StoreError(ShelfwiseError):
    """A store cannot be opened, or its content is damaged."""


class StoreMissing(StoreError):
    """No store lies at this path, and none was to be made."""


class StoreClosed(StoreError):
    """The shop was closed before this call."""


class StoreBusy(StoreError):
    """Another writer held the store's lock for longer than the stated limit."""


class PluginError(ShelfwiseError):
    """A plugin cannot be found, or does not fit the hooks."""


class MissingExtra(ShelfwiseError, ImportError):
    """An optional library is not installed; the sentence names the extra that brings it."""
