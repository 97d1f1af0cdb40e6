"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ...index import Context, EncoderSettings

Store = Annotated[str, typer.Argument(metavar="STORE", help="The store's folder.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Filter = Annotated[
    list[str],
    typer.Option(
        "--filter",
        "-f",
        metavar="FIELD=VALUE",
        help="Only products with this value; also FIELD!=VALUE and FIELD=LOW..HIGH with either end open. "
        "The same field again: any of the values. Or several in one text: 'brand:Fell,Ostra -colour:red price:..80'.",
        show_default=False,
    ),
]
Locale = Annotated[str | None, typer.Option("--locale", metavar="TAG", help='The language to speak: "en", "zh-CN".')]
Market = Annotated[str | None, typer.Option("--market", metavar="CODE", help="The market whose offers count.")]
Currency = Annotated[str | None, typer.Option("--currency", metavar="CODE", help="The currency of prices: EUR.")]
Group = Annotated[list[str], typer.Option("--group", metavar="CODE", help="A customer group; may be repeated.")]
Location = Annotated[str | None, typer.Option("--location", metavar="CODE", help="The location whose stock counts.")]
Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder", metavar="NAME", help="A model folder, an installed package or a hub name; else the store's own."
    ),
]
QueryPrompt = Annotated[
    str | None, typer.Option("--query-prompt", metavar="TEXT", help="What the model wants before a query.")
]
PassagePrompt = Annotated[
    str | None, typer.Option("--passage-prompt", metavar="TEXT", help="What the model wants before a product's text.")
]
Dimension = Annotated[
    int | None,
    typer.Option("--dimension", metavar="N", min=1, help="The first N numbers of a vector, of a model trained for it."),
]
Parts = Annotated[bool, typer.Option("--parts", help="Show what each score is the sum of.")]


def context(
    locale: str | None, market: str | None, currency: str | None, groups: list[str], location: str | None
) -> Context:
    """The shopper's place, as the options say it."""
    from ...index import Context

    return Context(locale=locale, market=market, currency=currency, groups=tuple(groups), location=location)


def encoder_settings(
    reference: str | None, query_prompt: str | None, passage_prompt: str | None, dimension: int | None = None
) -> EncoderSettings | None:
    """The encoder that the options name; None when they name none."""
    from ...index import EncoderSettings

    if reference is None and query_prompt is None and passage_prompt is None and dimension is None:
        return None
    if reference is not None and Path(reference).expanduser().is_dir():
        reference = str(Path(reference).expanduser().resolve())  # the store remembers it, wherever it is opened from
    return EncoderSettings(reference, query_prompt, passage_prompt, dimension=dimension)
