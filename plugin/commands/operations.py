"""`shelfwise status`, `check`, `maintain`, `publish` and `rollback`: a store in operation."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..hooks import hookimpl
from . import options, screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...index import Maintained, Problem
    from ..shop import Shop

WRONG = 1  # the exit code of a check that found something
EVERY = 2.0  # seconds between two looks at what is due


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `status`, `check`, `maintain`, `publish` and `rollback`."""
    cli.command("status")(status)
    cli.command("check")(check)
    cli.command("maintain")(maintain)
    cli.command("publish")(publish)
    cli.command("rollback")(rollback)


def status(store: options.Store, json: options.Json = False) -> None:
    """Show what a store is and how far everybody is."""
    from ..shop import Shop

    with Shop.open(store, create=False, maintain=False) as shop:
        found = shop.status()
    if json:
        screen.print_json(found.to_dict())
    else:
        from .status_page import show_status

        show_status(found)


def check(
    store: options.Store,
    repair: Annotated[
        bool, typer.Option("--repair", help="Delete what can be built again, and build it; the truth stays as it is.")
    ] = False,
    no_encoder: Annotated[
        bool, typer.Option("--no-encoder", help="Load no model to ask whether a text without a vector could have one.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Compare the truth with the caches.

    Says what is wrong, and what to do. Ends with 0 when nothing is, with 1 when something is (with --repair: still is).
    """
    from ...index import check_store, repair_store
    from ..shop import Shop

    done: list[str] = []
    with Shop.open(store, create=False, maintain=False) as shop:
        problems = check_store(shop.store, not no_encoder)
        if repair and problems:
            done = repair_store(shop.store, problems)
            problems = check_store(shop.store, not no_encoder)
    if json:
        screen.print_json({"problems": [problem.to_dict() for problem in problems], "done": done})
    else:
        _show_problems(problems, done)
    if problems:
        raise typer.Exit(WRONG)


def _show_problems(problems: list[Problem], done: list[str]) -> None:
    for sentence in done:
        screen.say(screen.plain(sentence))
    if not problems:
        screen.answer("Nothing is wrong.", style="bold")
        return
    table = screen.table("where", "what is wrong", "what to do")
    for problem in problems:
        table.add_row(problem.kind, screen.plain(problem.what), screen.plain(problem.do))
    screen.out().print(table)
    screen.answer(f"{len(problems):,} {'problem' if len(problems) == 1 else 'problems'}.", style="bold")


def maintain(
    store: options.Store,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, and end.")] = False,
    every: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="How long to wait between looks.")] = EVERY,
    encoder: options.Encoder = None,
    query_prompt: options.QueryPrompt = None,
    passage_prompt: options.PassagePrompt = None,
    json: options.Json = False,
) -> None:
    """Encode what waits, build generations, clear up.

    Runs until Ctrl-C or SIGTERM, and says whenever it did something. Run one beside the processes that answer.
    """
    from ...index import maintain, maintain_for_ever
    from ..shop import Shop

    def says(done: Maintained) -> None:
        if json:
            screen.print_json(vars(done))
        else:
            screen.answer(_did(done))

    settings = options.encoder_settings(encoder, query_prompt, passage_prompt)
    with Shop.open(store, create=False, encoder=settings, maintain=False) as shop:
        if once:
            made = maintain(shop.store)
            if made is None:
                screen.warn("Another process maintains this store now; nothing was done here.")
            else:
                says(made)
            return
        stopped = threading.Event()
        with _ended_by_signals(shop, stopped):
            screen.say(f"Maintaining {screen.plain(store)}; Ctrl-C ends it.")
            maintain_for_ever(shop.store, stopped.wait, every, says)


@contextmanager
def _ended_by_signals(shop: Shop, stopped: threading.Event) -> Iterator[None]:
    """While its body runs, Ctrl-C and SIGTERM end the work after its next step."""

    def end(*_: Any) -> None:
        stopped.set()
        shop.store.closing.set()

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _did(done: Maintained) -> str:
    parts = [
        f"{done.encoded:,} products encoded" if done.encoded else "",
        f"generation {done.generation} built" if done.generation else "",
        f"{done.removed_generations:,} old generations removed" if done.removed_generations else "",
        f"{done.removed_vectors:,} vectors removed that nothing needs" if done.removed_vectors else "",
    ]
    said = ", ".join(filter(None, parts)) or "nothing was due"
    return f"{said[0].upper()}{said[1:]}."


def publish(
    store: options.Store,
    encoder: Annotated[
        str,
        typer.Option("--encoder", metavar="NAME", help="A model folder, an installed package or a hub name."),
    ],
    query_prompt: options.QueryPrompt = None,
    passage_prompt: options.PassagePrompt = None,
    dimension: options.Dimension = None,
    json: options.Json = False,
) -> None:
    """Make another encoder live.

    Everything is encoded and built beside the traffic, then switched in one step; `shelfwise rollback` goes back.
    """
    from ...index import load_encoder
    from ..shop import Shop
    from .publish_progress import PublishProgress

    settings = options.encoder_settings(encoder, query_prompt, passage_prompt, dimension)
    load_encoder(settings)  # one that cannot be had is said before anything begins
    with Shop.open(store, create=False) as shop:
        with PublishProgress() as progress:
            number = shop.publish(settings, says=progress)
        found = shop.status()
    if json:
        screen.print_json({"generation": number, "encoder": encoder, "products": found.products})
    else:
        screen.answer(f"{screen.plain(encoder)} is live, with {found.products:,} products in generation {number}.")
        screen.answer("`shelfwise rollback` goes back; until `rollback --forget`, new texts are encoded by both.")


def rollback(
    store: options.Store,
    forget: Annotated[
        bool, typer.Option("--forget", help="End the way back instead: new texts are encoded by one encoder alone.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Make live again what was live before.

    Takes a second and loses no product; a second call goes forward again.
    """
    from ...index import forget_previous
    from ..shop import Shop

    with Shop.open(store, create=False, maintain=False) as shop:
        if forget:
            forget_previous(shop.store)
        else:
            shop.rollback()
        live = shop.status().encoder
    name = live.reference if live else None
    if json:
        screen.print_json({"encoder": name, "forgotten": forget})
    elif forget:
        screen.answer(f"There is no way back any more; {screen.plain(name or 'no encoder')} stays live.")
    else:
        screen.answer(f"{screen.plain(name or 'No encoder')} is live again; the same command goes forward.")
