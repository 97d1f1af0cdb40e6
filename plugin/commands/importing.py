"""`shelfwise import`: a feed into a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..hooks import hookimpl
from . import failures, options, screen

if TYPE_CHECKING:
    from ...index import Feed, ImportOptions, ImportReport
    from ..shop import Shop

Mapping = Annotated[
    list[str],
    typer.Option(
        "--mapping",
        "--map",
        metavar="COLUMN=FIELD",
        help="What a column of a table means, where the guess is wrong; COLUMN= leaves it out. May be repeated.",
        show_default=False,
    ),
]


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `import`."""
    cli.command("import")(import_feed)


def import_feed(
    store: options.Store,
    feed: Annotated[Path, typer.Argument(metavar="FEED", help="The product feed, a file.", show_default=False)],
    format: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="shopify, woocommerce, google-xml, google-tsv, jsonl, parquet or csv; detected when not said.",
        ),
    ] = None,
    mapping: Mapping = [],  # noqa: B006 - typer copies it
    locale: Annotated[
        str | None, typer.Option(metavar="TAG", help="The language of the feed's texts; a new store's own as well.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="Of prices that name none; a new store's own as well.")
    ] = None,
    market: Annotated[str | None, typer.Option(metavar="CODE", help="A new store's own market.")] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="The file's encoding, such as gb18030; detected when not said.")
    ] = None,
    encoder: options.Encoder = None,
    query_prompt: options.QueryPrompt = None,
    passage_prompt: options.PassagePrompt = None,
    mode: Annotated[
        str,
        typer.Option(
            metavar="MODE",
            help="merge: products that the feed does not name stay. replace: they go. "
            "patch: of known products only the fields that the feed names change.",
        ),
    ] = "merge",
    strict: Annotated[bool, typer.Option("--strict", help="Change nothing when a row is bad.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and compare, change nothing.")] = False,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Let replace take away more than a tenth.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where every bad row is written; in the store's folder when not said."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Import a product feed into a store.

    The store is made when there is none. Bad rows are reported and the others imported. Ends with 0 when the feed is
    in, even if rows were bad; with 1 when the import was refused and nothing was changed; with 2 on any other error.
    A stopped import keeps whole batches, and the same command completes it.
    """
    from ...index import ImportOptions, read_feed

    chosen = ImportOptions(mode, strict, dry_run, allow_shrink, report)
    source = read_feed(
        feed,
        format=format,
        mapping=mapping_from(mapping),
        locale=locale or "",
        currency=currency or "",
        encoding=encoding,
        partial=mode == "patch",
    )
    settings = options.encoder_settings(encoder, query_prompt, passage_prompt)
    from .import_store import open_for_import

    if not json:
        from .import_report import show_feed

        show_feed(source)
    with open_for_import(store, settings, dry_run, locale, currency, market) as shop:
        made = _run(shop, source, chosen)
    if json:
        facts = {"format": source.format, "encoding": source.encoding, "mapping": dict(source.mapping)}
        screen.print_json({**made.to_dict(), "feed": facts, "dry_run": dry_run})
    else:
        from .import_report import show_report

        show_report(made, store)


def mapping_from(texts: list[str]) -> dict[str, str]:
    """Fields by column, of what `--mapping` says; raises a usage error."""
    made = {}
    for text in texts:
        column, equals, field = text.rpartition("=")
        if not equals or not column.strip():
            raise typer.BadParameter(f"wanted COLUMN=FIELD, got {text!r:.80}", param_hint="--mapping")
        made[column.strip()] = field.strip()
    return made


def _run(shop: Shop, source: Feed, chosen: ImportOptions) -> ImportReport:
    from .import_progress import ImportProgress

    with ImportProgress(str(source.path)) as progress:
        try:
            return shop.upsert(source, options=chosen, progress=progress)
        except KeyboardInterrupt:
            kept = f"{progress.rows:,} products of the feed are in" if progress.rows else "Nothing was changed"
            progress.says(f"Stopped. {kept}; run the same command again to complete it, nothing is encoded twice.")
            raise typer.Exit(failures.INTERRUPTED) from None
