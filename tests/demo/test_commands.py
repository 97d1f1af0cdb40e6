"""`shelfwise demo`: served, checked, and silent towards the world."""

from __future__ import annotations

import importlib.util
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from shelfwise.demo import commands

Child = subprocess.Popen[str]
needs_gradio = pytest.mark.skipif(importlib.util.find_spec("gradio") is None, reason="gradio is not installed")


def page_of(line: str) -> str:
    return line.split("open: ")[1].split()[0]


def fetch(url: str) -> tuple[str, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        return answer.read().decode(), answer.headers["content-security-policy"]


@needs_gradio
@pytest.mark.slow
def test_the_check_builds_serves_searches_over_http_and_ends_with_no_word_to_other_machines(
    alone: Callable[..., Child],
) -> None:
    child = alone("--check", "--port", "7870", SHELFWISE_ENCODER="hashing")

    said, _ = child.communicate(timeout=180)

    assert child.returncode == 0, said
    assert "386 of 386 products" in said
    assert "'something warm for winter': " in said
    assert "Traceback" not in said


@needs_gradio
@pytest.mark.slow
@pytest.mark.torch
def test_the_check_works_with_the_real_encoder_and_no_other_machine(alone: Callable[..., Child]) -> None:
    child = alone("--check", "--port", "7870")

    said, _ = child.communicate(timeout=300)

    assert child.returncode == 0, said
    assert "Winter Duvet" in said or "Snow Boots" in said


@needs_gradio
@pytest.mark.slow
def test_the_server_takes_the_next_free_port_and_ends_when_asked(
    alone: Callable[..., Child], read_until: Callable[[Child, str, float], str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        child = alone("--port", str(port), "--no-browser", SHELFWISE_ENCODER="hashing")
        url = page_of(read_until(child, "Fernhill is open", 120))
    page, policy = fetch(url)
    child.send_signal(signal.SIGTERM)
    said, _ = child.communicate(timeout=30)

    assert f":{port}/" not in url
    assert "Fernhill" in page
    assert "https://fonts." not in page
    assert "cdnjs" not in page
    assert "connect-src 'self'" in policy
    assert "Closed." in said
    assert "Traceback" not in said


def test_without_gradio_the_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ImportError) as caught:
        commands.needs_gradio()

    assert "pip install 'shelfwise[demo]'" in str(caught.value)


def test_a_port_that_is_none_is_refused_with_its_range() -> None:
    from typer.testing import CliRunner

    cli = typer.Typer()
    cli.callback()(lambda: None)
    commands.register_commands(cli)

    answer = CliRunner().invoke(cli, ["demo", "--port", "70000"])

    assert answer.exit_code == 2
    assert "65535" in answer.output


def test_progress_is_a_line_each_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    commands.tell(193, 386)
    commands.tell(386, 386)

    assert [line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()] == [
        "193 of 386 products",
        "386 of 386 products",
    ]


def test_no_browser_is_opened_where_there_is_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    assert not commands.has_screen()


def test_gradio_is_imported_by_the_app_alone(root: Path) -> None:
    importing = [path.name for path in (root / "demo").rglob("*.py") if "\nimport gradio" in path.read_text("utf-8")]

    assert importing == ["app.py"]
