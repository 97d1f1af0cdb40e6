"""`shelfwise demo`: builds the sample shop and serves its page."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import urllib.request
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ..plugin.hooks import hookimpl

CHECKED = "something warm for winter"  # the query of --check


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `shelfwise demo`."""

    @cli.command("demo")
    def demo(
        port: Annotated[int, typer.Option(help="The first port to try.", min=1, max=65_535)] = 7860,
        host: Annotated[str, typer.Option(help="The address to serve on.")] = "127.0.0.1",
        store: Annotated[
            Path | None, typer.Option(help="Folder of the sample shop; a cache folder unless said.")
        ] = None,
        check: Annotated[bool, typer.Option("--check", help="Answer one search through the page, and exit.")] = False,
        no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    ) -> None:
        """Build the sample shop Fernhill and open its page."""
        run_demo(port=port, host=host, store=store, check=check, browser=not (no_browser or check))


def run_demo(*, port: int, host: str, store: Path | None, check: bool, browser: bool) -> None:
    """What `shelfwise demo` does. Raises `MissingExtra` without gradio, and what building and serving raise."""
    needs_gradio()
    from .sample import build_sample_shop, default_folder
    from .server import Server

    folder = store or default_folder()
    typer.echo(f"The sample shop Fernhill, in {folder}")
    with build_sample_shop(folder, told=tell) as shop:
        shop.search(CHECKED, k=1)  # loads the encoder now, and not while the first visitor waits
        try:
            made = Server(shop, host=host, port=port)
        except OSError as error:
            raise typer.BadParameter(f"{host}: {error}; name another address or port", param_hint="--host") from None
        with made as server:
            typer.echo(f"Fernhill is open: {server.url}  ({len(shop):,} products)")
            if check:
                typer.echo(checked(server.url))
                return
            typer.echo("Press Ctrl-C to close it.")
            if browser and has_screen():
                webbrowser.open(server.url)
            _until_told(server.wait)
    typer.echo("Closed.")


def needs_gradio() -> None:
    """Raises `MissingExtra` where gradio is not installed."""
    if importlib.util.find_spec("gradio") is None:
        from ..plugin import MissingExtra

        raise MissingExtra("demo: wanted the library gradio, which is not installed; pip install 'shelfwise[demo]'")


def tell(done: int, total: int) -> None:
    """Progress on one line of a terminal, or on a line each where the output is a file."""
    filled = round(24 * done / total) if total else 24
    bar = f"{'█' * filled}{'░' * (24 - filled)} {done:,} of {total:,} products"
    if not sys.stdout.isatty():
        typer.echo(f"  {bar}")
    else:
        typer.echo(f"\r  {bar}", nl=done >= total)


def checked(url: str) -> str:
    """Asks the running page one search over HTTP; a sentence about what it found, or exit code 1."""
    # Not gradio's own client: it asks a model hub who it is before it asks anything else. No proxy stands between.
    asked = urllib.request.Request(
        f"{url}gradio_api/run/search",
        json.dumps({"data": [CHECKED, "en"]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=60) as answer:
        found = json.load(answer)["data"][0]
    if not found["hits"]:
        typer.echo(f"Wanted products for {CHECKED!r} from {url}, got none: the sample shop is not whole.", err=True)
        raise typer.Exit(1)
    first = found["hits"][0]
    took = found["timings"]["total"]
    return f"{CHECKED!r}: {found['total']:,} products in {took:.0f} ms, the first one is {first['title']!r}"


def has_screen() -> bool:
    """Whether a browser has a place to open: without one, `webbrowser` would start a text browser in this terminal."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _until_told(wait: Callable[[], None]) -> None:
    """Waits, and returns on Ctrl-C or when the process is asked to end."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        wait()
    except KeyboardInterrupt:
        typer.echo("")
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
