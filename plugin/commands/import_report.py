"""What people read before and after an import."""

from __future__ import annotations

from ...index import Feed, ImportReport
from . import screen

RATED = 1_000  # texts; with fewer, the rate would be that of loading the model
NAMES = {
    "parquet": "Parquet",
    "jsonl": "JSON Lines",
    "csv": "plain table",
    "shopify": "Shopify export",
    "woocommerce": "WooCommerce export",
    "google-xml": "Google Merchant feed (XML)",
    "google-tsv": "Google Merchant feed (TSV)",
}


def show_feed(feed: Feed) -> None:
    """What the file was taken for, and which column was taken for which field; on stderr."""
    encoding = f", {feed.encoding}" if feed.encoding else ""
    hint = feed.size_hint()
    count = f", about {hint:,} products" if hint else ""
    screen.say(f"{screen.plain(str(feed.path))}: {NAMES.get(feed.format, feed.format)}{encoding}{count}")
    if not feed.mapping:
        return
    table = screen.table("column", "is read as")
    for column, field in feed.mapping.items():
        table.add_row(screen.plain(column), field or "(left out)", style=None if field else "dim")
    screen.err().print(table)
    screen.say("Wrong? Say --mapping COLUMN=FIELD.\n")


def show_report(report: ImportReport, store: str) -> None:
    """Counts, the first bad rows, and where all of them are; on stdout."""
    screen.answer(_headline(report, store), style="bold")
    screen.answer(_counts(report))
    if report.encoded or report.unread:
        screen.answer(_texts(report))
    _show_bad(report)
    _show_duplicates(report)
    if report.report_file:
        screen.answer(f"\nAll that is wrong with the feed: {screen.plain(str(report.report_file))}")
    if not report.complete:
        screen.warn("The feed's end is torn off: what came before is in; send the whole feed again.")


def _headline(report: ImportReport, store: str) -> str:
    if report.import_id is None:
        return f"Dry run: {report.rows:,} products read, {screen.plain(store)} was not changed. It would be:"
    left_out = f"; {report.bad:,} bad {_rows(report.bad)} left out" if report.bad else ""
    return f"{report.rows:,} products read in {report.seconds:,.1f} s; they are in {screen.plain(store)} now{left_out}."


def _counts(report: ImportReport) -> str:
    counts = [f"{getattr(report, name):,} {name}" for name in ("added", "changed", "unchanged", "deleted", "bad")]
    again = f", {report.duplicates:,} duplicate" if report.duplicates else ""
    return f"{', '.join(counts)}{again}."


def _rows(count: int) -> str:
    return "row was" if count == 1 else "rows were"


def _texts(report: ImportReport) -> str:
    said = f"{report.encoded:,} texts encoded"
    if report.encoded >= RATED:
        said += f", {report.encoded / max(report.encoding_seconds, 1e-9):,.0f} a second"
    if report.unread:
        said += f"; {report.unread:,} that the encoder cannot read are found by their words alone"
    return f"{said}."


def _show_bad(report: ImportReport) -> None:
    if not report.bad_rows:
        return
    screen.answer(f"\n{_title('bad rows', len(report.bad_rows), report.bad)}:")
    table = screen.table("row", "id", "field", "wanted", "got", right=("row",))
    for row in report.bad_rows:
        table.add_row(str(row.row), *map(screen.plain, (row.id, row.field, row.wanted, row.value)))
    screen.out().print(table)


def _show_duplicates(report: ImportReport) -> None:
    shown = report.duplicate_rows
    if not shown:
        return
    screen.answer(f"\n{_title('ids that came again', len(shown), report.duplicates)}; the last row won:")
    table = screen.table("id", "stood in row", "now from row", right=("stood in row", "now from row"))
    for each in shown:
        table.add_row(screen.plain(each.id), str(each.first_row), str(each.row))
    screen.out().print(table)


def _title(what: str, shown: int, total: int) -> str:
    return f"The first {shown} of {total:,} {what}" if shown < total else f"The {what}"
