"""Serves the page on this machine, without a word to any other."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any

from ..plugin import Shop
from ..plugin.hooks import call_each

logger = logging.getLogger("shelfwise.demo")

TRIED = 200  # ports from the first one on
STARTS_WITHIN = 60.0  # seconds
ENDS_WITHIN = 2  # seconds that open pages get to hang up

# The browser is told as well: whatever a library puts into the page, nothing is fetched from elsewhere.
POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-src 'none'; object-src 'none'; base-uri 'self'"
)

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Callable[[], Awaitable[Message]], Send], Awaitable[None]]


class Server:
    """The page of a shop behind a port of this machine; a context manager that serves while it is open."""

    def __init__(self, shop: Shop, *, host: str = "127.0.0.1", port: int = 7860) -> None:
        """Takes the next free port from `port` on. Raises `OSError` where there is none."""
        self._listener = free_port(host, port)
        self.host, self.port = host, int(self._listener.getsockname()[1])
        self._server = _server(shop)
        # Waited for instead of the thread: a signal in the middle of `join` leaves a thread that seems to have ended.
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shelfwise-demo", daemon=True)

    @property
    def url(self) -> str:
        """Where the page is."""
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(self.host, self.host)
        return f"http://{shown if ':' not in shown or shown.startswith('[') else f'[{shown}]'}:{self.port}/"

    def __enter__(self) -> Server:
        self._thread.start()
        for _ in range(int(STARTS_WITHIN / 0.05)):
            if self._server.started or self._ended.wait(0.05):
                break
        if not self._server.started:
            self.stop()
            raise OSError(f"demo: the server on {self.url} did not start; see the messages above")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait(self) -> None:
        """Until it is stopped; returns early only where a signal interrupts."""
        while not self._ended.wait(0.5):
            pass

    def stop(self) -> None:
        """Ends the server; a second call does nothing."""
        # Pages that are still open are hung up on, which uvicorn would report as errors.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._ended.wait(ENDS_WITHIN + 5)
        self._listener.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._ended.set()


def free_port(host: str, first: int) -> socket.socket:
    """A listening socket on the next free port from `first` on: held at once, so that nobody takes it meanwhile."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, min(first + TRIED, 65_536)):
        listener = socket.socket(family, socket.SOCK_STREAM)
        # Without it a port stays taken for a minute after its last server ended; on Windows it would share the port.
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                continue
            raise
        return listener
    raise OSError(errno.EADDRINUSE, f"no port from {first} to {min(first + TRIED, 65_536) - 1} is free")


def _server(shop: Shop) -> Any:
    """A uvicorn server that is not running yet."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
    import gradio
    import uvicorn
    from fastapi import FastAPI

    from .app import build_page, theme
    from .pages import assets

    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    call_each(shop.plugins, "register_routes", logger.warning, api=api)  # before the page, which takes every other path
    with warnings.catch_warnings():
        # It says so though nobody asked for rendering on the server.
        warnings.filterwarnings("ignore", "SSR mode is not supported with multi-page apps")
        app = gradio.mount_gradio_app(
            api,
            build_page(shop),
            path="",
            theme=theme(),
            css=assets.style(),
            footer_links=[],
            run_history=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            show_error=False,
        )
    config = uvicorn.Config(
        _alone(app), log_level="warning", access_log=False, timeout_graceful_shutdown=ENDS_WITHIN, ws="none"
    )
    return uvicorn.Server(config)


def _alone(app: App) -> App:
    """The same application, whose answers forbid the browser to ask anybody else."""

    async def guarded(scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"content-security-policy", POLICY.encode())]
            await send(message)

        await app(scope, receive, answer)

    return guarded
