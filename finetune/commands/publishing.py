"""`shelfwise publish BUNDLE STORE`: what was trained elsewhere goes through the gate before it is live."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...plugin.commands import operations, options, screen
from . import options as own


def publish(
    what: Annotated[str, typer.Argument(metavar="[BUNDLE] STORE", help="What was trained, and where it is to serve.")],
    store: Annotated[str | None, typer.Argument(hidden=True)] = None,
    judgements: Annotated[
        Path | None, typer.Option("--judgements", metavar="FILE", help="What the gate judges a bundle by.")
    ] = None,
    metric: Annotated[str, typer.Option(metavar="NAME", help="What decides.")] = "nDCG@10",
    non_inferior: Annotated[
        bool, typer.Option("--non-inferior", help="Let through what loses at most 0.005: it is smaller, or quicker.")
    ] = False,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder", metavar="NAME", help="Instead of a bundle: a model folder, an installed package or a hub name."
        ),
    ] = None,
    query_prompt: options.QueryPrompt = None,
    passage_prompt: options.PassagePrompt = None,
    dimension: options.Dimension = None,
    json: options.Json = False,
) -> None:
    """Make a trained bundle, or another encoder, live.

    Everything is encoded and built beside the traffic. A bundle has to win at the gate (0: it is live, 1: refused, 2:
    too few judgements to tell); then all is switched in one step, and `shelfwise rollback` goes back.
    """
    if store is None:
        if encoder is None:
            raise typer.BadParameter("wanted --encoder NAME, or a bundle before the store", param_hint="publish")
        operations.publish(what, encoder, query_prompt, passage_prompt, dimension, json)
        return
    if any(each is not None for each in (encoder, query_prompt, passage_prompt, dimension)):
        raise typer.BadParameter("a bundle brings its encoder and prompts; leave them out", param_hint="publish")
    if judgements is None:
        raise typer.BadParameter("wanted --judgements FILE, by which the gate judges the bundle", param_hint="publish")
    raise typer.Exit(_publish(Path(what), store, judgements, metric, non_inferior, json))


def _publish(folder: Path, store: str, judgements: Path, metric: str, non_inferior: bool, json: bool) -> int:
    own.needs_ir_measures("publish")
    from ...plugin.commands.publish_progress import PublishProgress
    from ..bundle import Bundle, publish_bundle
    from ..errors import Refused
    from ..evaluation.asking import ask
    from ..evaluation.measures import answerable
    from ..evaluation.segments import brand_finder, segments_of
    from ..evaluation.sides import open_shop
    from ..judgement import by_query
    from ..signals.reading import read_judgements
    from ..trial import gate_check

    bundle = Bundle.load(folder)
    judged = answerable(by_query(read_judgements(judgements).judgements))
    with open_shop(store) as shop:
        locale = shop.store.context.locale or "en"
        segments = segments_of(list(judged), locale, has_brand=brand_finder(shop.store.view, locale))
        with own.Asking() as says:
            live = ask(shop.answer_many, list(judged), says=says)
        try:
            with PublishProgress() as progress:
                check = gate_check(live, judged, segments, metric, non_inferior)
                number = publish_bundle(bundle, shop, progress, check)
        except Refused as refused:
            if json:
                screen.print_json({"generation": None, "verdict": refused.verdict.to_dict()})
            else:
                screen.answer(str(refused))
            return refused.verdict.exit_code
    if json:
        screen.print_json({"generation": number, "encoder": bundle.encoder.reference})
    else:
        screen.answer(f"{screen.plain(str(folder))} is live, in generation {number}; `shelfwise rollback` goes back.")
    return 0
