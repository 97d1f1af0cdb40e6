"""Imports: what each mode does, what is reported, and that nothing half done stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index import (
    BadRow,
    EncoderSettings,
    FeedRow,
    ImportOptions,
    ImportRefused,
    ImportReport,
    Product,
    Progress,
    RequestError,
    Store,
    import_products,
    read_feed,
)
from shelfwise.index.store import schema
from shelfwise.index.store.imports import last_imports
from sqlalchemy import select

pytestmark = pytest.mark.both_databases

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]


class Rows:
    """A feed made of rows; what each reading gives can differ."""

    def __init__(self, *readings: Sequence[Any], complete: Sequence[bool] = (True,), hint: int | None = None) -> None:
        self.path = Path("made.jsonl")
        self._readings, self._complete, self._hint = readings, complete, hint
        self.read = 0
        self.complete = True

    def __iter__(self) -> Iterator[Any]:
        at = self.read
        self.read += 1
        yield from self._readings[min(at, len(self._readings) - 1)]
        self.complete = self._complete[min(at, len(self._complete) - 1)]

    def size_hint(self) -> int | None:
        return self._hint


class Told(Progress):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.begun: list[int | None] = []
        self.rows: list[int] = []
        self.added: list[int] = []
        self.sentences: list[str] = []

    def begins(self, products: int | None) -> None:
        self.begun.append(products)

    def batch(self, report: ImportReport) -> None:
        self.rows.append(report.rows)
        self.added.append(report.added)

    def says(self, sentence: str) -> None:
        self.sentences.append(sentence)


def run(store: Store, given: Any, progress: Progress | None = None, **options: Any) -> ImportReport:
    return import_products(store, given, ImportOptions(**options), progress)


def content(store: Store) -> dict[str, Any]:
    """Every row of the store's tables, and every byte of its folder but for what readers leave there."""
    files = [each for each in sorted(store.folder.path.rglob("*")) if each.is_file()]
    # SQLite's readers mark where they are in shared memory; each process says how far it is.
    files = [each for each in files if each.suffix != ".db-shm" and each.parent != store.folder.processes]
    with store.database.read() as connection:
        rows = {name: connection.execute(select(table)).all() for name, table in schema.metadata.tables.items()}
    return {str(each): each.read_bytes() for each in files} | rows


def titles(store: Store) -> dict[str, str]:
    return {key: product.title for key, product in store.products(sorted(store.ids())).items()}


def row(number: int, key: str, title: str = "Cup", **fields: Any) -> FeedRow:
    return FeedRow(number, {"id": key, "title": title, **fields})


# ---- what may be given -------------------------------------------------------------------------------------------


def test_lists_generators_other_iterables_and_feeds_are_taken(open_store: Opens, lamps: Lamps, tmp_path: Path) -> None:
    store = open_store()
    assert run(store, lamps(2)).added == 2
    assert run(store, (product for product in lamps(2, first=2))).added == 2
    assert run(store, {product.id: product for product in lamps(1, first=4)}.values()).added == 1
    assert run(store, Rows([row(1, "r")])).added == 1
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"id": "j", "title": "Jug", "price": 3}\n')
    report = run(store, read_feed(feed))
    assert (report.added, report.source) == (1, str(feed))
    assert run(store, []).rows == 0
    assert len(store.ids()) == store.view.n_products == 7


def test_a_generator_is_taken_too_where_it_must_be_read_twice(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    run(store, lamps(10))
    report = run(store, (product for product in lamps(10)[1:]), mode="replace")
    assert (report.unchanged, report.deleted) == (9, 1)
    assert run(store, (product for product in lamps(12)), strict=True).added == 3


@pytest.mark.parametrize("given", ["feed.csv", b"feed.csv", {"id": "a"}, 7, None, 1.5, object()])
def test_what_is_neither_products_nor_a_feed_is_a_sentence(given: Any, open_store: Opens) -> None:
    store = open_store()
    with pytest.raises(RequestError) as error:
        run(store, given)
    assert str(error.value) == (
        f"upsert: wanted a Product, a list of products or a feed, got {type(given).__name__}; write Product(id=…, "
        "title=…), or read a file with read_feed(path)"
    )
    assert last_imports(store) == []


@pytest.mark.parametrize("item", ["p1", {"id": "p1", "title": "A"}, 7, None])
def test_a_list_of_something_else_is_a_sentence(item: Any, open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    with pytest.raises(RequestError) as error:
        run(store, [*lamps(2), item])
    assert str(error.value) == (
        f"upsert: wanted products or a feed, got {type(item).__name__} in place 3; write Product(id=…, title=…)"
    )
    assert store.ids() == set()


def test_an_unknown_mode_is_a_sentence() -> None:
    with pytest.raises(RequestError) as error:
        ImportOptions(mode="overwrite")
    assert str(error.value) == "mode: wanted one of merge, replace, patch, got 'overwrite'"


# ---- merge -------------------------------------------------------------------------------------------------------


def test_merge_changes_what_it_names_and_leaves_the_rest(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    run(store, lamps(4))
    report = run(store, [*lamps(1), *lamps(1, first=1, price=99), *lamps(1, first=9)])
    assert (report.added, report.changed, report.unchanged, report.deleted) == (1, 1, 1, 0)
    assert store.ids() == {"p0", "p1", "p2", "p3", "p9"}
    assert store.view.n_products == 5, "searchable when it returns"


def test_an_unchanged_feed_writes_no_product_and_encodes_nothing(
    open_store: Opens, lamps: Lamps, fake_encoder: Any
) -> None:
    encoder = fake_encoder()
    store = open_store(encoder)
    run(store, lamps(200))
    encoder.texts.clear()
    change = store.view.change
    report = run(store, lamps(200))
    assert (report.unchanged, report.added, report.changed, report.encoded) == (200, 0, 0, 0)
    assert encoder.texts == [] and store.view.change == change


def test_an_import_that_encodes_nothing_needs_no_model(open_store: Opens, lamps: Lamps) -> None:
    first = open_store()
    run(first, lamps(3))
    first.close()
    store = open_store(EncoderSettings(reference="/no/such/model"))
    assert run(store, lamps(3)).unchanged == 3
    assert run(store, lamps(1), dry_run=True).unchanged == 1


def test_of_duplicate_ids_the_last_wins_in_one_batch_and_across_batches_and_is_reported(open_store: Opens) -> None:
    store = open_store()
    feed = [
        row(2, "a", "One"),
        row(3, "a", "Two"),
        *(row(at, f"r{at}", "Filler") for at in range(4, 60)),
        row(60, "a", "Three"),
    ]
    report = run(store, Rows(feed))
    assert titles(store)["a"] == "Three"
    assert [(each.id, each.first_row, each.row) for each in report.duplicate_rows] == [("a", 2, 3), ("a", 2, 60)]
    assert report.duplicates == 2 and report.rows == 59
    assert "  row 60, id: 'a' stood in row 2 already; this one won" in str(report)


# ---- bad rows ----------------------------------------------------------------------------------------------------


def bad_feed() -> Rows:
    return Rows(
        [
            row(2, "a"),
            row(3, "b", title=""),
            row(4, "c", price="a lot"),
            BadRow(5, "encoding", "b'\\xff'", "UTF-8", "d"),
            row(6, "e"),
        ]
    )


def test_bad_rows_are_reported_with_number_field_value_and_wanted_and_the_others_are_taken(
    open_store: Opens,
) -> None:
    store = open_store()
    report = run(store, bad_feed())
    assert store.ids() == {"a", "e"}
    assert (report.rows, report.bad, report.added) == (5, 3, 2)
    assert [(each.row, each.id, each.field) for each in report.bad_rows] == [
        (3, "b", "title"),
        (4, "c", "price"),
        (5, "d", "encoding"),
    ]
    assert "'a lot'" in report.bad_rows[1].value and "amount" in report.bad_rows[1].wanted
    assert "  row 5, encoding: wanted UTF-8, got b'\\xff'" in str(report)


def test_the_report_shows_the_first_twenty_and_a_file_holds_all(open_store: Opens) -> None:
    store = open_store()
    report = run(store, Rows([row(at, f"x{at}", title="") for at in range(2, 202)]))
    assert report.bad == 200 and len(report.bad_rows) == 20
    assert report.report_file == store.folder.reports / f"import-{report.import_id}.jsonl"
    lines = [json.loads(line) for line in report.report_file.read_text(encoding="utf-8").splitlines()]
    assert [line["row"] for line in lines] == list(range(2, 202))
    assert lines[0].keys() == {"problem", "row", "id", "field", "value", "wanted"} and lines[0]["problem"] == "bad"
    assert str(report).endswith(f"  and 180 more, all in {report.report_file}")


def test_a_report_file_of_ones_own_begins_anew_and_holds_each_row_once(open_store: Opens, tmp_path: Path) -> None:
    store, mine = open_store(), tmp_path / "reports" / "mine.jsonl"
    for options in ({}, {"dry_run": True}, {"mode": "replace"}):
        report = run(store, bad_feed(), report_file=mine, **options)
        assert report.report_file == mine
        assert [json.loads(line)["row"] for line in mine.read_text().splitlines()] == [3, 4, 5], options


def test_an_import_without_a_fault_makes_no_file(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    assert run(store, lamps(2)).report_file is None
    assert list(store.folder.reports.iterdir()) == []


def test_the_report_says_its_numbers_in_one_line_and_as_json(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    report = run(store, lamps(3))
    assert str(report).startswith(
        "3 products read from Python: 3 added, 0 changed, 0 unchanged, 0 deleted, 0 bad, 0 duplicate ids; 3 texts "
        "encoded in "
    )
    plain = json.loads(json.dumps(run(store, bad_feed()).to_dict()))
    assert plain["bad"] == 3 and plain["bad_rows"][0]["field"] == "title" and plain["source"] == "made.jsonl"
    assert report.seconds > 0


def test_imports_are_listed_newest_first_with_their_reports(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    run(store, lamps(1))
    run(store, bad_feed(), mode="replace", allow_shrink=True)
    latest, first = last_imports(store)
    assert (latest["mode"], latest["source"], first["mode"]) == ("replace", "made.jsonl", "merge")
    assert json.loads(latest["report"])["bad"] == 3
    assert latest["started"] <= latest["finished"]


# ---- strict and dry run ------------------------------------------------------------------------------------------


def test_strict_makes_nothing_visible_when_a_row_is_bad(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    run(store, lamps(2))
    feed = Rows([*(row(at, f"n{at}") for at in range(2, 300)), row(300, "bad", price="?")])
    before = content(store)
    with pytest.raises(ImportRefused) as error:
        run(store, feed, strict=True)
    assert str(error.value).startswith(
        "import of made.jsonl: 1 of 299 rows are bad and strict was asked for, so nothing was changed."
    )
    assert "row 300, price: wanted" in str(error.value)
    assert content(store) == before


def test_strict_imports_a_feed_without_a_fault(open_store: Opens) -> None:
    store = open_store()
    assert run(store, Rows([row(2, "a"), row(3, "b")]), strict=True).added == 2
    assert store.view.n_products == 2


@pytest.mark.parametrize("mode", ["merge", "replace", "patch"])
def test_a_dry_run_tells_what_would_happen_and_changes_no_byte(mode: str, open_store: Opens, fake_encoder: Any) -> None:
    encoder = fake_encoder()
    store = open_store(encoder)
    run(store, Rows([row(at, f"p{at}", price=1) for at in range(20)]))
    encoder.texts.clear()
    named = [row(at, f"p{at}", price=1) for at in range(18)]
    feed = Rows(
        [*named, row(18, "p18", price=2), *([] if mode == "patch" else [row(20, "new")]), row(21, "bad", price="?")]
    )
    before = content(store)
    told = Told()
    report = run(store, feed, told, mode=mode, dry_run=True)
    assert content(store) == before and encoder.texts == [] and told.rows == []
    real = run(store, feed, mode=mode)
    counts = ("rows", "added", "changed", "unchanged", "deleted", "bad", "duplicates")
    assert {name: getattr(report, name) for name in counts} == {name: getattr(real, name) for name in counts}
    assert report.deleted == (1 if mode == "replace" else 0) and report.changed == 1
    assert report.import_id is None and real.import_id is not None


# ---- replace -----------------------------------------------------------------------------------------------------


def stocked(n: int, **fields: Any) -> list[FeedRow]:
    return [row(at, f"p{at}", **({"price": 5, "stock": 1} | fields)) for at in range(n)]


def test_replace_deletes_what_the_feed_does_not_name(open_store: Opens) -> None:
    store = open_store()
    run(store, Rows(stocked(20)))
    report = run(store, Rows(stocked(18)), mode="replace")
    assert (report.unchanged, report.deleted) == (18, 2)
    assert store.ids() == {f"p{at}" for at in range(18)} and store.view.n_products == 18


@pytest.mark.parametrize(
    ("feed", "numbers"),
    [
        (stocked(17), "of 20 products 3 would vanish, 0 lose their price and 0 their stock"),
        ([*stocked(17), *stocked(20, price=None)[17:]], "of 20 products 0 would vanish, 3 lose their price"),
        ([*stocked(17), *stocked(20, stock=0)[17:]], "0 lose their price and 3 their stock"),
        ([], "of 20 products 20 would vanish"),
    ],
)
def test_replace_refuses_with_the_numbers_when_more_than_a_tenth_would_be_lost_unless_it_is_allowed(
    feed: list[FeedRow], numbers: str, open_store: Opens
) -> None:
    store = open_store()
    run(store, Rows(stocked(20)))
    before = content(store)
    with pytest.raises(ImportRefused) as error:
        run(store, Rows(feed), mode="replace")
    assert numbers in str(error.value) and "--allow-shrink" in str(error.value)
    assert content(store) == before
    run(store, Rows(feed), mode="replace", allow_shrink=True)
    assert store.ids() == {each.fields["id"] for each in feed}


def test_replace_refuses_a_feed_whose_end_is_torn_off(open_store: Opens) -> None:
    store = open_store()
    run(store, Rows(stocked(20)))
    before = content(store)
    with pytest.raises(ImportRefused, match="the feed's end is torn off"):
        run(store, Rows(stocked(19), complete=[False]), mode="replace", allow_shrink=True)
    assert content(store) == before
    assert run(store, Rows(stocked(21), complete=[False])).added == 1, "merge takes what is whole"


def test_replace_refuses_a_real_file_whose_end_is_torn_off(open_store: Opens, tmp_path: Path) -> None:
    store = open_store()
    run(store, Rows(stocked(3)))
    feed = tmp_path / "torn.jsonl"
    whole = "".join(json.dumps({"id": f"p{at}", "title": "Cup", "price": 5}) + "\n" for at in range(3))
    feed.write_text(whole[:-9])
    with pytest.raises(ImportRefused, match="torn off"):
        run(store, read_feed(feed), mode="replace", allow_shrink=True)
    assert len(store.ids()) == 3


def test_replace_keeps_a_product_whose_row_is_bad_for_the_feed_names_it(open_store: Opens) -> None:
    store = open_store()
    run(store, Rows(stocked(20)))
    report = run(
        store,
        Rows([*stocked(18), row(19, "p18", price="a lot"), BadRow(20, "title", "''", "a title", "p19")]),
        mode="replace",
    )
    assert (report.bad, report.deleted) == (2, 0)
    assert len(store.ids()) == 20


def test_replace_deletes_nothing_when_the_feed_is_torn_between_looking_and_reading(open_store: Opens) -> None:
    store = open_store()
    run(store, Rows(stocked(20)))
    report = run(store, Rows(stocked(19), stocked(2), complete=[True, False]), mode="replace")
    assert report.deleted == 0 and len(store.ids()) == 20
    assert report.warnings == ["the feed's end was torn off when it was read again, so nothing was deleted"]


def test_replace_deletes_only_what_it_counted_when_the_feed_is_another_at_the_second_reading(open_store: Opens) -> None:
    store = open_store()
    run(store, Rows(stocked(20)))
    report = run(store, Rows(stocked(19), stocked(1)), mode="replace")
    assert report.deleted == 1 and store.ids() == {f"p{at}" for at in range(19)}


def test_replace_keeps_what_another_writes_meanwhile(open_store: Opens) -> None:
    store, other = open_store(), open_store()
    run(store, Rows(stocked(20)))

    class Meanwhile(Told):
        def batch(self, report: ImportReport) -> None:
            other.put([Product("fresh", "Just made")])

    run(store, Rows(stocked(20)), Meanwhile(), mode="replace")
    assert "fresh" in store.ids()


# ---- patch -------------------------------------------------------------------------------------------------------


def test_patch_changes_only_the_named_fields_of_known_products_and_reports_the_others(open_store: Opens) -> None:
    store = open_store()
    run(store, Rows([row(at, f"p{at}", price=5, stock=1, brand="Nord") for at in range(3)]))
    feed = Rows(
        [
            FeedRow(2, {"id": "p0", "price": "7.50"}),
            FeedRow(3, {"id": "unknown", "price": 1}),
            FeedRow(4, {"id": "p1", "stock": "x"}),
            FeedRow(5, {"id": "p0", "stock": 9}),
            FeedRow(6, {"price": 1}),
        ]
    )
    report = run(store, feed, mode="patch")
    assert (report.rows, report.changed, report.added, report.deleted, report.bad) == (5, 1, 0, 0, 3)
    assert [(each.row, each.id, each.field) for each in report.bad_rows] == [
        (3, "unknown", "id"),
        (4, "p1", "stock"),
        (6, "", "id"),
    ]
    assert "the id of a product that the store holds" in report.bad_rows[0].wanted
    product = store.products(["p0"])["p0"]
    (offer,) = product.variants[0].offers
    assert (str(offer.price), offer.stock, product.brand, product.title) == ("7.50", 9, "Nord", "Cup")
    assert store.products(["p1"])["p1"].variants[0].offers[0].stock == 1
    assert len(store.ids()) == 3


def test_a_patch_of_prices_and_stock_encodes_nothing_and_one_of_texts_only_those(
    open_store: Opens, fake_encoder: Any
) -> None:
    encoder = fake_encoder()
    store = open_store(encoder)
    run(store, Rows([row(at, f"p{at}", f"Cup {at}", price=5) for at in range(300)]))
    encoder.texts.clear()
    report = run(
        store, Rows([FeedRow(at, {"id": f"p{at}", "price": 6, "stock": 2}) for at in range(300)]), mode="patch"
    )
    assert (report.changed, report.encoded, encoder.texts) == (300, 0, [])
    run(store, Rows([FeedRow(1, {"id": "p7", "title": "Teacup"})]), mode="patch")
    assert encoder.texts == ["Teacup"]


def test_a_patch_of_whole_products_is_refused_for_they_name_everything(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    run(store, lamps(1))
    with pytest.raises(RequestError, match="got whole products, which name everything"):
        run(store, lamps(1), mode="patch")


# ---- what a person is told ---------------------------------------------------------------------------------------


def test_progress_is_told_of_the_begin_and_of_every_acknowledged_batch(open_store: Opens) -> None:
    told = Told()
    run(open_store(), Rows([row(at, f"p{at}") for at in range(1_500)], hint=1_600), told)
    assert told.begun == [1_600]
    assert told.rows == told.added == [32, 160, 1_184, 1_500]
    assert told.sentences == []


def test_long_encoding_is_announced_before_it_starts_with_texts_rate_time_and_disk(
    open_store: Opens, fake_encoder: Any
) -> None:
    told = Told()
    feed = Rows([row(at, f"p{at}", f"Cup {at}") for at in range(200)], hint=100_160)
    run(open_store(fake_encoder(seconds_a_text=0.001)), feed, told)
    announced, encoded = told.sentences
    words = announced.split()
    assert words[:2] == ["About", "100,000"] and "texts are to be encoded at" in announced
    rate = int(words[words.index("at") + 1].replace(",", ""))
    assert 100 <= rate <= 1_000, "measured on the second batch, not the first"
    minutes = float(words[words.index("minutes,") - 1])
    assert minutes == pytest.approx(100_000 / rate / 60, abs=0.11)
    assert announced.endswith("about 26 MB for their vectors."), "64 numbers of 2 bytes, in database and generation"
    assert encoded == "200 texts encoded."


def test_encoding_that_takes_seconds_is_not_announced(open_store: Opens, fake_encoder: Any) -> None:
    told = Told()
    run(
        open_store(fake_encoder(seconds_a_text=0.001)),
        Rows([row(at, f"p{at}", f"Cup {at}") for at in range(200)], hint=2_000),
        told,
    )
    assert told.sentences == []


CHINESE = ["保温杯", "陶瓷茶壶", "羊毛围巾", "真皮钱包", "防水背包"]


def test_a_feed_in_a_language_that_the_encoder_does_not_know_is_warned_of_with_a_model_that_fits(
    open_store: Opens, fake_encoder: Any
) -> None:
    told = Told()
    store = open_store(fake_encoder("mini", languages=frozenset({"en"})))
    report = run(store, [Product(f"z{at}", title) for at, title in enumerate(CHINESE)], told)
    (warning,) = report.warnings
    assert warning == (
        "the feed is in 'zh', but the encoder mini knows en: words will be found, meaning hardly; "
        "make a store with encoder 'BAAI/bge-small-zh-v1.5'"
    )
    assert told.sentences == [f"Warning: {warning}"] and f"Warning: {warning}" in str(report)
    assert report.added == 5, "a warning, no refusal"


@pytest.mark.parametrize("languages", [frozenset({"en", "zh"}), None])
def test_a_feed_that_the_encoder_knows_or_may_know_is_not_warned_of(
    languages: frozenset[str] | None, open_store: Opens, fake_encoder: Any
) -> None:
    store = open_store(fake_encoder(languages=languages))
    assert run(store, [Product(f"z{at}", title) for at, title in enumerate(CHINESE)]).warnings == []


def test_a_feed_that_says_its_language_is_warned_of_by_what_it_says(open_store: Opens, fake_encoder: Any) -> None:
    store = open_store(fake_encoder("mini", languages=frozenset({"en"})))
    report = run(store, [Product(f"d{at}", {"de": f"XPS {at}"}) for at in range(3)])
    assert len(report.warnings) == 1 and report.warnings[0].startswith("the feed is in 'de', but the encoder mini")


def test_a_feed_that_an_encoder_of_unknown_languages_cannot_read_is_warned_of(
    open_store: Opens, fake_encoder: Any
) -> None:
    store = open_store(fake_encoder("mini", foreign="".join(CHINESE)))
    report = run(store, [Product(f"z{at}", title) for at, title in enumerate(CHINESE)])
    assert report.unread == 5 and report.encoded == 0
    assert "cannot read most of it" in report.warnings[0]


# ---- generations and faults --------------------------------------------------------------------------------------


def test_a_large_import_leaves_a_generation_and_a_small_one_a_tail(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    run(store, lamps(50))
    assert store.folder.numbers() == []
    run(store, lamps(150))
    assert store.folder.numbers() == [1] and store.view.generation == 1 and store.view.n_products == 150


@pytest.mark.slow
def test_an_import_builds_a_generation_where_it_is_large_in_itself_and_for_its_store(
    open_store: Opens, lamps: Lamps
) -> None:
    store = open_store(maintain=False)
    run(store, lamps(2_400))
    assert store.folder.numbers() == [1] and store.view.generation == 1
    run(store, lamps(120, first=2_400))
    assert store.folder.numbers() == [1], "a twentieth is not more than a twentieth"
    for at in range(2):
        run(store, lamps(50, first=2_520 + 50 * at))
    assert store.folder.numbers() == [1], "each is smaller than a hundred, whatever the tail"
    run(store, lamps(100, first=2_620), wait=False)
    assert store.folder.numbers() == [1], "what waits to be encoded is the maintainer's"
    report = run(store, lamps(100, first=2_620))
    assert (report.unchanged, store.folder.numbers()) == (100, [1, 2])
    assert store.view.n_products == 2_720 and len(store.view.segments) == 1


def test_an_encoder_that_fails_halfway_leaves_whole_batches_and_the_next_run_completes(
    open_store: Opens, fake_encoder: Any
) -> None:
    fails = {"Cup 100"}

    class Fails(fake_encoder):  # type: ignore[misc]
        def encode_passages(self, texts: Sequence[str]) -> Any:
            if fails & set(texts):
                raise RuntimeError("out of memory")
            return super().encode_passages(texts)

    store = open_store(Fails())
    feed = Rows([row(at, f"p{at}", f"Cup {at}") for at in range(200)])
    with pytest.raises(RuntimeError):
        run(store, feed)
    assert store.ids() == {f"p{at}" for at in range(32)}
    fails.clear()
    report = run(store, feed)
    assert (report.unchanged, report.added, report.encoded) == (32, 168, 168)
