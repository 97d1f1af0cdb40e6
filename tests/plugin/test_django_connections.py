"""With real Django and PostgreSQL: isolated calls that were left behind leave no connection open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

CALLS = """
import sys, time
import django
from django.conf import settings

name, user, host, port = sys.argv[2:6]
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": user,
                                          "HOST": host, "PORT": port}})
django.setup()
from django.db import connection, connections
from shelfwise.plugin import HookLimits, Product, Shop, hookimpl


class Slow:
    name = "slow"
    closes = sys.argv[6] == "closing"

    @hookimpl(isolated=True, seconds=0.001)
    def user_history(self, request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.01)")
        return []

    @hookimpl
    def isolated_call_ended(self, plugin, hook):
        if self.closes:
            connections.close_all()


def open_now():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                       "AND pid <> pg_backend_pid()")
        return cursor.fetchone()[0]


limits = HookLimits(failures=10**9, request=None)
late = left = 0
with Shop.open(sys.argv[1], encoder="hashing", plugins=[Slow()], limits=limits, maintain=False) as shop:
    shop.upsert(Product("p1", "Lamp"))
    while late < int(sys.argv[7]):
        degraded = shop.search("lamp", user_id="u1").degraded
        late += degraded == ("user_history of slow",)
        time.sleep(0.0005)
    end = time.monotonic() + 10
    while (left := open_now()) and Slow.closes and time.monotonic() < end:
        time.sleep(0.05)
print(late, left)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("closing", "calls"), [("closing", 1_000), ("keeping", 20)])
def test_a_thousand_calls_that_were_left_behind_leave_no_connection(
    closing: str, calls: int, postgres_url: str, tmp_path: Path
) -> None:
    pytest.importorskip("django")
    url = make_url(postgres_url)
    place = [url.database or "", url.username or "", str(url.query["host"]), "5432"]
    done = subprocess.run(
        [sys.executable, "-c", CALLS, tmp_path / "store", *place, closing, str(calls)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    late, left = map(int, done.stdout.split())
    assert late == calls
    assert (left == 0) is (closing == "closing"), "who does not close leaves some open, or this test could not fail"
