"""What both kinds of database promise, and what each of them does in its own way."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index import (
    MissingExtra,
    Product,
    Store,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreMissing,
    StoreSettings,
)
from shelfwise.index.store import filesystem, rows, schema, settings
from shelfwise.index.store.database import Database, last_change, next_change
from shelfwise.index.store.filesystem import NETWORK, filesystem_of, refuse_network
from shelfwise.index.store.postgres import PostgresDatabase, is_url
from shelfwise.index.store.sqlite import SqliteDatabase
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import IntegrityError

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]
both_databases = pytest.mark.both_databases


@pytest.fixture
def opened(place: Any) -> Any:
    """`opened(**options)`: the test's database, with tables and facts, as one more process has it."""
    made: list[Database] = []
    place.folder.mkdir(parents=True, exist_ok=True)

    def one(**options: Any) -> Database:
        database = place.database(**options)
        made.append(database)
        database.create_tables()
        settings.create_once(database, StoreSettings())
        return database

    yield one
    for database in made:
        database.close()


# ---- reads and writes --------------------------------------------------------------------------------------------


@both_databases
def test_a_read_sees_one_moment_however_long_it_lasts(opened: Any) -> None:
    mine, other = opened(), opened()
    with mine.read() as connection:
        assert last_change(connection) == 0
        with other.write() as beside:
            next_change(beside)
            assert last_change(connection) == 0, "while it is written"
        assert last_change(connection) == 0, "and when it is"
        assert settings.read(connection)["change"] == "0", "whatever is asked for"
    with mine.read() as connection:
        assert last_change(connection) == 1


@both_databases
def test_a_write_is_not_seen_before_it_is_whole_nor_when_it_failed(opened: Any) -> None:
    mine, other = opened(), opened()

    def fail() -> None:
        with mine.write() as connection:
            next_change(connection)
            with other.read() as beside:
                assert last_change(beside) == 0
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with other.read() as connection:
        assert last_change(connection) == 0
    with mine.write() as connection:
        assert next_change(connection) == 1, "the lock was given back"


@both_databases
def test_writers_take_turns_and_each_sees_what_the_one_before_it_wrote(opened: Any) -> None:
    databases = [opened(), opened()]
    numbers: list[int] = []

    def count(database: Database) -> None:
        for _ in range(10):
            with database.write() as connection:
                number = next_change(connection)
                time.sleep(0.001)
                numbers.append(number)

    threads = [threading.Thread(target=count, args=(databases[at % 2],)) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers == list(range(1, 61))


@both_databases
@pytest.mark.parametrize("seconds", [0, 0.2])
def test_a_writer_waits_for_as_long_as_was_said_and_no_longer(seconds: float, opened: Any) -> None:
    holder, waiter = opened(), opened(lock_seconds=seconds)
    said: list[tuple[str, float]] = []

    def wait() -> None:
        started = time.monotonic()
        with pytest.raises(StoreBusy) as error, waiter.write():
            pass
        said.append((str(error.value), time.monotonic() - started))

    waiting = threading.Thread(target=wait)
    with holder.write():
        waiting.start()
        waiting.join(10)
        ((sentence, waited),) = said
    assert waited >= seconds
    assert sentence == (
        f"store {waiter.name}: waited {seconds:g} s for another writer; try again, or end the process that holds the "
        "lock"
    )
    with waiter.write() as connection:
        assert next_change(connection) == 1


@both_databases
def test_a_mistake_of_ours_is_not_taken_for_a_damaged_database(opened: Any) -> None:
    def twice() -> None:
        with opened().write() as connection:
            for _ in range(2):
                connection.execute(schema.facts.insert().values(name="same", value=""))

    with pytest.raises(IntegrityError):
        twice()


@both_databases
def test_tables_can_be_made_again_and_keep_what_is_in_them(opened: Any) -> None:
    first = opened()
    with first.read() as connection:
        facts = settings.read(connection)
    again = opened()
    with again.read() as connection:
        assert settings.read(connection) == facts


@both_databases
def test_a_database_without_tables_is_no_store(place: Any, open_store: Opens) -> None:
    place.folder.mkdir(parents=True)
    if place.location == place.folder:
        (place.folder / "shelfwise.db").touch()
    database = place.database()
    assert not database.has_tables()
    with pytest.raises(StoreMissing) as error:
        open_store(create=False)
    assert str(error.value) == f"store {database.name}: its database is empty; import a feed, or check the path"
    assert not database.has_tables(), "asking makes nothing"
    assert not Store.exists(place.location) or place.location == place.folder
    open_store()
    assert database.has_tables() and Store.exists(place.location)
    database.close()


@both_databases
def test_ids_are_in_the_order_of_their_bytes_whatever_the_servers_language(open_store: Opens) -> None:
    keys = ["a", "B", "Z", "ä", "z", "Ärmel", "p-1", "p1", "P 1", "p_1", "店", "保温", "é", "e", "E"]
    store = open_store()
    store.put([Product(key, f"Cup {at}") for at, key in enumerate(keys)])
    with store.database.read() as connection:
        found = [row[0] for part in rows.live_products(connection) for row in part]
    assert found == sorted(keys, key=str.encode)
    assert store.build_generation() == 1
    assert all(store.view.row_of(key) >= 0 for key in keys)


@both_databases
@pytest.mark.parametrize("key", ["nul\0", "\ud800", "line\nbreak", "x" * 100_000, "' OR 1=1 --", "%s", ":name", ""])
def test_an_id_that_no_product_can_have_is_unknown(key: str, open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    store.put(lamps(1))
    assert list(store.products(["p0", key])) == ["p0"]
    assert store.remove([key]) == 0
    assert store.ids() == {"p0"}


# ---- one of many processes ---------------------------------------------------------------------------------------


@both_databases
def test_a_task_is_done_by_one_at_a_time_and_another_task_beside_it(opened: Any) -> None:
    mine, other = opened(), opened()
    with mine.alone("maintain") as first:
        with other.alone("maintain") as second, mine.alone("maintain") as third, other.alone("publish") as else_:
            assert (first, second, third, else_) == (True, False, False, True)
        with other.alone("maintain") as still:
            assert not still, "who did not get it gave nothing back"
    with other.alone("maintain") as after:
        assert after


@both_databases
def test_a_task_may_be_done_again_after_it_failed(opened: Any) -> None:
    def fail() -> None:
        with opened().alone("maintain"):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with opened().alone("maintain") as mine:
        assert mine


@both_databases
def test_a_task_is_anothers_as_soon_as_the_process_that_does_it_is_killed(
    place: Any, children: Any, open_store: Opens, eventually: Any
) -> None:
    store = open_store(maintain=False)
    child = children.start("alone", place, task="maintain")
    child.says("alone True")
    with store.database.alone("maintain") as mine:
        assert not mine
    second = children.start("alone", place, task="maintain")
    second.says("alone False")
    child.kill()

    def free() -> bool:
        with store.database.alone("maintain") as mine:
            return mine

    eventually(free)  # a server takes a moment to see that its client is gone


@both_databases
def test_writes_and_reads_go_on_while_a_task_is_done(opened: Any) -> None:
    mine = opened()
    with mine.alone("maintain"), mine.write() as connection:
        assert next_change(connection) == 1
    with mine.alone("maintain"), mine.read() as connection:
        assert last_change(connection) == 1


@both_databases
def test_the_version_changes_when_another_connection_commits_a_change_and_not_when_it_reads(opened: Any) -> None:
    mine, other = opened(), opened()
    versions = [mine.version()]

    def changed() -> bool:
        versions.append(mine.version())
        return versions[-1] != versions[-2]

    assert not changed()
    with other.read() as connection:
        last_change(connection)
    assert not changed()
    with other.write() as connection:
        next_change(connection)
        assert not changed(), "before it is committed"
    assert changed() and not changed()
    with mine.write() as connection:
        next_change(connection)
    assert changed(), "its own writes come by another of its connections"


@both_databases
def test_a_database_says_its_size_and_finds_nothing_wrong_with_itself(opened: Any) -> None:
    database = opened()
    before = database.size()
    assert before > 0
    with database.write() as connection:
        product = {"change": 1, "document": "x" * 1_000, "hash": "", "import_id": None}
        rows.upsert(connection, schema.products, [product | {"id": f"p{at}"} for at in range(1_000)])
    assert database.size() > before + 500_000
    assert database.problems() == []


# ---- SQLite ------------------------------------------------------------------------------------------------------


def test_an_unknown_store_is_missing_unless_it_may_be_made(path: Path) -> None:
    with pytest.raises(StoreMissing) as error:
        Store.open(path, create=False)
    assert str(error.value) == (
        f"store {path}: there is none; make one with `shelfwise import {path} FEED`, or check the path"
    )
    assert not path.exists(), "asking makes nothing"


def test_a_path_that_is_a_file_or_a_folder_of_something_else_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("a letter")
    with pytest.raises(StoreError, match="wanted an empty or new folder, or a store"):
        Store.open(path)
    assert path.read_text() == "a letter"
    folder = path.parent / "photos"
    folder.mkdir()
    (folder / "cat.jpg").touch()
    with pytest.raises(StoreError, match="choose another path"):
        Store.open(folder)
    assert [each.name for each in folder.iterdir()] == ["cat.jpg"]


def test_a_path_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StoreError, match="choose another path"):
        Store.open(file / "store")


@pytest.mark.parametrize("name", ["what?mode=ro", "50%25 off", "a#b", "店铺", "with space"])
def test_a_store_may_have_any_name(name: str, path: Path, open_store: Opens, lamps: Lamps) -> None:
    where = path.parent / name
    store = open_store(path=where)
    store.put(lamps(1))
    assert (where / "shelfwise.db").is_file()
    assert open_store(path=where, create=False).ids() == {"p0"}


def test_a_host_that_changes_its_folder_keeps_its_store(
    path: Path, open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    store = open_store(path=Path("relative"))
    store.put(lamps(1))
    monkeypatch.chdir("/")
    assert store.build_generation() == 1
    assert store.view.generation == 1
    assert (path.parent / "relative" / "current").is_file()


def test_a_file_that_is_no_database_is_a_sentence(path: Path) -> None:
    path.mkdir()
    (path / "shelfwise.db").write_bytes(b"This is a letter to my aunt, and quite a long one at that. " * 100)
    with pytest.raises(StoreError) as error:
        Store.open(path)
    assert str(error.value) == (
        f"store {path}: the database is damaged ('file is not a database'); restore it from a dump "
        "(`shelfwise restore`, docs/operations.md)"
    )


@pytest.mark.parametrize("page", [1, 2, -1])
def test_what_sqlite_finds_damaged_is_said(page: int, path: Path, open_store: Opens, lamps: Lamps, place: Any) -> None:
    store = open_store()
    store.put(lamps(300))
    store.close()
    file = path / "shelfwise.db"
    content = bytearray(file.read_bytes())
    start = page * 4_096 % len(content)
    content[start : start + 4_096] = bytes(4_096)
    file.write_bytes(content)
    database = place.database()
    assert database.problems() != [], "also where SQLite gives up on looking"
    database.close()


def test_a_connection_that_a_thread_still_uses_when_all_are_closed_is_closed_after(path: Path) -> None:
    database = SqliteDatabase(path / "shelfwise.db")
    path.mkdir()
    database.create_tables()
    with database.read() as connection:
        used = connection.connection.driver_connection
        database.close()
        assert used is not None and used.execute("SELECT 1").fetchall() == [(1,)], "its answer is not cut off"
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        used.execute("SELECT 1")
    with database.read() as connection:
        assert settings.read(connection) == {}, "and the next one opens its own"
    database.close()


def test_a_folder_is_its_own_cache(path: Path) -> None:
    with pytest.raises(StoreError) as error:
        Store.open(path, cache=path.parent / "cache")
    assert str(error.value) == (f"store {path}: a folder is its own cache; leave out cache, or name a PostgreSQL URL")
    assert not path.exists()


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 1)])
def test_what_is_acknowledged_is_on_the_disk_unless_less_was_asked_for(
    durable: bool, level: int, open_store: Opens
) -> None:
    database = open_store(durable=durable).database
    with database.write() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == level, "FULL, or NORMAL"
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


# ---- network file systems ----------------------------------------------------------------------------------------

MOUNTS = """\
22 1 253:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /mnt/office rw,relatime shared:15 - nfs4 10.0.0.1:/office rw,vers=4.2
31 30 253:1 / /mnt/office/local rw - xfs /dev/vdb rw
32 22 0:27 / /mnt/two\\040words rw - cifs //server/share rw
33 22 0:28 / /mnt/twice rw - nfs server:/old rw
34 33 253:2 / /mnt/twice rw - ext4 /dev/vdc rw
35 22 0:29 / /mnt/back\\134slash rw - fuse.sshfs host: rw
a line that says nothing
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/shop", "ext4"),
        ("/mnt/office", "nfs4"),
        ("/mnt/office/shop", "nfs4"),
        ("/mnt/officesupplies", "ext4"),
        ("/mnt/office/local/shop", "xfs"),
        ("/mnt/two words/shop", "cifs"),
        ("/mnt/twice/shop", "ext4"),
        ("/mnt/back\\slash/shop", "fuse.sshfs"),
    ],
)
def test_the_kind_of_a_folders_disk_is_that_of_the_innermost_and_latest_mount(
    folder: str, kind: str, tmp_path: Path
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert filesystem_of(Path(folder), mounts) == kind
    assert (kind in NETWORK) == (kind in {"nfs4", "cifs", "fuse.sshfs"})


def test_where_the_system_does_not_tell_its_mounts_any_folder_will_do(tmp_path: Path) -> None:
    assert filesystem_of(tmp_path, tmp_path / "none") == ""
    refuse_network(tmp_path, tmp_path / "none")


def test_a_store_on_a_network_file_system_is_refused_and_nothing_is_made_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts, folder = tmp_path / "mountinfo", tmp_path / "share" / "shop"
    mounts.write_text(
        f"22 1 253:0 / / rw - ext4 /dev/vda rw\n30 22 0:26 / {tmp_path / 'share'} rw - nfs4 server:/ rw\n"
    )
    monkeypatch.setattr(filesystem, "MOUNTS", mounts)
    with pytest.raises(StoreError) as error:
        Store.open(folder)
    assert str(error.value) == (
        f"store {folder}: wanted a folder on a disk of this machine, got one on nfs4, where SQLite's locks and mapped "
        "files do not hold; choose a local folder, or open a PostgreSQL store with a local cache"
    )
    assert not (folder / "shelfwise.db").exists()
    Store.open(tmp_path / "local", encoder="hashing").close()


# ---- PostgreSQL --------------------------------------------------------------------------------------------------

NOWHERE = "postgresql+psycopg://clerk:s3cret@127.0.0.1:1/shop"  # where no server listens
needs_psycopg = pytest.mark.usefixtures("psycopg")


@pytest.fixture(scope="module")
def psycopg(required_in_ci: Any) -> None:
    """Skips where there is no driver."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        required_in_ci("psycopg is not installed: pip install 'shelfwise[postgres]'")


@pytest.mark.parametrize(
    ("given", "url"),
    [("postgresql://h/d", True), ("://", True), ("shop", False), (Path("shop"), False), ("C:/shop", False)],
)
def test_a_url_is_told_from_a_folder(given: Any, url: bool) -> None:
    assert is_url(given) == url


@needs_psycopg
@pytest.mark.parametrize(
    ("url", "got"),
    [
        ("http://shop.example", "http://"),
        ("mysql://clerk:s3cret@db/shop", "mysql://"),
        ("sqlite:///shop.db", "sqlite://"),
        ("postgresql+psycopg2://clerk:s3cret@db/shop", "postgresql+psycopg2://"),
        ("postgresql+pgwire://clerk:s3cret@db/shop", "postgresql+pgwire://"),
        ("postgresql://clerk:s3cret@db:port/shop", "a URL that cannot be read"),
        ("://", "a URL that cannot be read"),
    ],
)
def test_a_url_of_something_else_is_a_sentence(url: str, got: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        Store.open(url, cache=tmp_path / "cache")
    assert str(error.value) == (
        f"store: wanted a folder or postgresql+psycopg://user@host/database, got {got}; check it"
    )
    assert not (tmp_path / "cache").exists()


@needs_psycopg
@pytest.mark.parametrize(
    ("url", "name"),
    [
        (NOWHERE, "postgresql+psycopg://clerk:***@127.0.0.1:1/shop"),
        ("postgres://clerk:s3cret@127.0.0.1:1/shop", "postgresql+psycopg://clerk:***@127.0.0.1:1/shop"),
        ("postgresql://127.0.0.1:1/shop?password=s3cret", "postgresql+psycopg://127.0.0.1:1/shop"),
        ("postgresql://127.0.0.1:1/shop?sslpassword=s3cret", "postgresql+psycopg://127.0.0.1:1/shop"),
    ],
)
def test_a_server_that_cannot_be_reached_is_a_sentence_without_the_password(
    url: str, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    database = PostgresDatabase(url)
    assert database.name == name
    with pytest.raises(StoreError) as error:
        Store.open(url, cache=tmp_path)
    said = str(error.value)
    assert said.startswith(f"store {name}: the database answered '") and "onnection refused" in said
    assert said.endswith("'; check that it runs, its space, and the user's rights")
    assert "s3cret" not in said + repr(error.value) + str(error.value.__cause__) + caplog.text
    with pytest.raises(StoreError):
        Store.exists(url)
    database.close()


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(MissingExtra) as error:
        Store.open(NOWHERE, cache=tmp_path)
    assert str(error.value) == (
        "PostgreSQL stores need psycopg, which is not installed; pip install 'shelfwise[postgres]'"
    )


def test_a_password_is_used_and_never_shown(postgres: Any, postgres_url: str, tmp_path: Path, lamps: Lamps) -> None:
    url = postgres_url.replace("postgres@", "postgres:s3cret@")
    with_password = Store.open(url, cache=tmp_path, encoder="hashing")
    assert with_password.name == with_password.database.name and "s3cret" not in with_password.name
    assert with_password.put(lamps(1)).added == 1
    with_password.close()
    with pytest.raises(StoreClosed) as error:
        with_password.put(lamps(1))
    assert "s3cret" not in str(error.value)
    without = Store.open(postgres_url, cache=tmp_path, encoder="hashing")
    assert without.ids() == {"p0"}
    without.close()


def test_an_unknown_database_and_a_user_without_rights_are_sentences(
    postgres: Any, postgres_url: str, tmp_path: Path
) -> None:
    with pytest.raises(StoreError) as error:
        Store.open(postgres.url("nowhere"), cache=tmp_path)
    assert 'database "nowhere" does not exist' in str(error.value)
    postgres.sql("DROP ROLE IF EXISTS guest")
    postgres.sql("CREATE ROLE guest LOGIN")
    with pytest.raises(StoreError) as error:
        Store.open(postgres_url.replace("postgres@", "guest@"), cache=tmp_path)
    assert "permission denied for database" in str(error.value) and "the user's rights" in str(error.value)


def test_a_server_that_is_stopped_is_said_and_one_that_comes_back_is_found_again(
    postgres: Any, postgres_url: str, tmp_path: Path, lamps: Lamps, caplog: pytest.LogCaptureFixture, eventually: Any
) -> None:
    store = Store.open(postgres_url, cache=tmp_path, encoder="hashing")
    store.put(lamps(2))
    store.refresh()
    postgres.stop()
    try:
        for call in (store.ids, store.refresh, lambda: store.put(lamps(1, first=9)), lambda: store.remove(["p0"])):
            with pytest.raises(StoreError) as error:
                call()
            assert str(error.value).startswith(f"store {store.name}: the database answered '")
            assert str(error.value).endswith("'; check that it runs, its space, and the user's rights")
        assert store.view.n_products == 2, "what is in memory answers"
        eventually(lambda: caplog.records)
        said = caplog.records[0].getMessage()
        assert said.startswith(f"store {store.name}: the database answered '") and said.endswith("; it is tried again")
    finally:
        postgres.start()
    assert store.ids() == {"p0", "p1"}
    assert store.put(lamps(1, first=2)).added == 1
    eventually(lambda: store.view.n_products == 3)
    store.close()


def test_a_connection_that_the_server_ended_costs_no_request(
    postgres: Any, postgres_url: str, tmp_path: Path, lamps: Lamps
) -> None:
    store = Store.open(postgres_url, cache=tmp_path, encoder="hashing")
    postgres.stop()
    postgres.start()
    assert store.put(lamps(1)).added == 1 and store.ids() == {"p0"}
    store.close()


@pytest.mark.parametrize(("durable", "said"), [(True, "on"), (False, "off")])
def test_a_commit_waits_for_the_servers_disk_unless_less_was_asked_for(
    durable: bool, said: str, postgres_url: str, tmp_path: Path
) -> None:
    store = Store.open(postgres_url, cache=tmp_path, encoder="hashing", durable=durable)
    with store.database.write() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == said
    store.close()


def test_a_read_may_not_write(postgres_url: str, tmp_path: Path) -> None:
    store = Store.open(postgres_url, cache=tmp_path, encoder="hashing")
    with pytest.raises(StoreError, match="read-only transaction"), store.database.read() as connection:
        connection.execute(update(schema.facts).values(value="nonsense"))
    store.close()


def test_the_tables_lie_in_a_schema_of_their_own_beside_the_shops(
    postgres_url: str, tmp_path: Path, lamps: Lamps
) -> None:
    with_shop = Store.open(postgres_url, cache=tmp_path, encoder="hashing")
    with with_shop.database.write() as connection:
        connection.execute(text("CREATE TABLE public.products (id integer)"))
        connection.execute(text("INSERT INTO public.products VALUES (7)"))
    with_shop.put(lamps(2))
    with with_shop.database.read() as connection:
        assert connection.execute(text("SELECT id FROM public.products")).scalars().all() == [7]
        assert inspect(connection).get_table_names("public") == ["products"]
        assert set(inspect(connection).get_table_names("shelfwise")) == set(schema.metadata.tables)
        assert len(connection.execute(select(schema.products)).all()) == 2
    with_shop.close()


def test_each_host_has_generations_of_its_own(postgres_url: str, path: Path, lamps: Lamps) -> None:
    hosts = [Store.open(postgres_url, cache=path / name, encoder="hashing") for name in ("a", "b")]
    hosts[0].put(lamps(5))
    assert hosts[0].build_generation() == 1
    hosts[1].refresh()
    assert [host.view.generation for host in hosts] == [1, 0]
    assert [host.view.n_products for host in hosts] == [5, 5]
    assert hosts[1].build_generation() == 1, "numbered by itself"
    for host in hosts:
        host.close()
    shutil.rmtree(path / "a")
    again = Store.open(postgres_url, cache=path / "a", encoder="hashing")
    assert (again.view.generation, again.view.n_products) == (0, 5), "a lost cache is no loss"
    again.close()


def test_without_a_cache_the_users_own_is_taken_one_for_each_store(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, again = (
        Store.open(postgres_url.replace("postgres@", f"postgres:{password}@"), encoder="hashing")
        for password in ("s3cret", "other")
    )
    assert first.folder.path.parent == tmp_path / "shelfwise"
    assert [each.name for each in (tmp_path / "shelfwise").iterdir()] == [first.folder.path.name]
    assert again.folder.path == first.folder.path, "the password does not tell one store from another"
    first.close()
    again.close()
