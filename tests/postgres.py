"""A PostgreSQL server of the tests' own, in a temporary folder and on a socket."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

NOBODY = 65534  # PostgreSQL refuses to run as root
# A power cut is not among the tests, and waiting for the disk would be most of their time.
SETTINGS = ("fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=200", "listen_addresses=")
# The server ends when it is told to, and also when the tests were killed; then nothing of it stays.
RUN = """
folder=$1; shift
"$@" &
read -r word || killed=yes
kill -INT $!
wait $!
if [ "$killed" ]; then rm -rf "$folder"; fi
"""


def why_missing() -> str | None:
    """Why there can be no server here."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed: pip install 'shelfwise[postgres]'"
    return None if find_programs() else "no PostgreSQL here: pip install pgserver, or install Debian's postgresql"


def find_programs() -> Path | None:
    """The folder with `initdb` and `postgres`: of the package pgserver, on the path, or Debian's newest."""
    package = importlib.util.find_spec("pgserver")
    folders = [Path(package.origin).parent / "pginstall" / "bin"] if package and package.origin else []
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: each.parent.name.zfill(3))[::-1]
    return next((folder for folder in folders if _runs(folder / "postgres")), None)


def _runs(program: Path) -> bool:
    try:
        return not subprocess.run([program, "--version"], capture_output=True, **_user()).returncode
    except OSError:  # not there, or not for the user whom it would run as
        return False


def _user() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _fast_folder() -> Path | None:
    """A disk in memory with room for a server: a database is made there in a tenth of the time. Else the default."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30 else None


class PostgresServer:
    """Started when it is made; `stop` and `start` do what an administrator would."""

    def __init__(self) -> None:
        programs = find_programs()
        assert programs is not None
        self._programs = programs
        # Short: a socket's path has 107 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="shelfwise-pg-", dir=_fast_folder()))
        if os.geteuid() == 0:
            os.chown(self._folder, NOBODY, NOBODY)
        self._numbers = count()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._create()
            self.start()
        except BaseException:
            self.close()
            raise

    def _create(self) -> None:
        command = [self._programs / "initdb", "-D", self._folder / "data", "-U", "postgres", "-A", "trust"]
        command += ["-E", "UTF8", "--no-sync", "--no-instructions"]
        # A shop's server sorts as its language does, where that can be had; ids are to be in the order of their bytes.
        icu = ["--locale-provider=icu", "--icu-locale=en"]
        for locale in (icu, ["--locale=en_US.UTF-8"], ["--locale=C.UTF-8"], ["--locale=C"]):
            made = subprocess.run([*command, *locale], capture_output=True, text=True, cwd="/", **_user())
            if made.returncode == 0:
                return
        raise RuntimeError(made.stderr)

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        command = [self._programs / "postgres", "-D", self._folder / "data", "-k", self._folder]
        command += [part for setting in SETTINGS for part in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", RUN, "sh", self._folder, *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # a Ctrl-C is for the tests, which then end it in order
                **_user(),
            )
        until = time.monotonic() + 30
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.02)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self._conninfo(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Ends all connections and the server."""
        if self._process is not None:
            self._process.communicate(b"stop\n", timeout=30)
            self._process = None

    def close(self) -> None:
        """Ends the server, and removes all that it wrote."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _conninfo(self) -> str:
        return f"host={self._folder} user=postgres dbname=postgres"

    def sql(self, statement: str) -> list[Any]:
        """Runs a statement as the administrator; its rows."""
        import psycopg

        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str, user: str = "postgres") -> str:
        """The URL of a database; `user` may hold a password, which nobody asks for."""
        return f"postgresql+psycopg://{user}@/{database}?host={self._folder}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The name of a new, empty database, which is dropped in the end."""
        name = f"test{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        try:
            yield name
        finally:
            if self._process is None:
                self.start()
            self.sql(f"DROP DATABASE {name} WITH (FORCE)")
