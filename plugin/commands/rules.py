"""`shelfwise rules`: what merchandisers decided, listed, exchanged as a file, tried, undone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..hooks import hookimpl
from . import options, screen

if TYPE_CHECKING:
    from ..rules.rule import Rule
    from ..shop import Shop

_AT_MOST = 12  # hits of a preview


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Adds `rules`."""
    cli.command("rules")(rules)


def rules(
    store: options.Store,
    import_: Annotated[
        Path | None,
        typer.Option("--import", exists=True, dir_okay=False, metavar="FILE", help="Save the rules of a TOML file."),
    ] = None,
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all rules as such a file.")] = None,
    preview: Annotated[
        str | None,
        typer.Option(metavar="QUERY", help="Show a query before and after --import, which then saves nothing."),
    ] = None,
    undo: Annotated[str | None, typer.Option(metavar="ID", help="Take back the last change of a rule.")] = None,
    delete: Annotated[str | None, typer.Option(metavar="ID", help="Delete a rule.")] = None,
    history: Annotated[bool, typer.Option("--history", help="Show what was done, by whom and when.")] = False,
    author: Annotated[str, typer.Option(metavar="NAME", help="Who undoes or deletes, for the history.")] = "",
    locale: options.Locale = None,
    market: options.Market = None,
    group: options.Group = [],  # noqa: B006 - typer copies it
    json: options.Json = False,
) -> None:
    """List, save, try or undo rules of merchandising."""
    from ..rules.text_file import rules_from_text, rules_to_text
    from ..shop import Shop

    given = rules_from_text(import_.read_text(encoding="utf-8")) if import_ is not None else []
    with Shop.open(store, create=False) as shop:
        if preview is not None:
            context = options.context(locale, market, None, group, None)
            _show_preview(shop, given, preview, context, json)
            return
        if import_ is not None:
            count = shop.save_rules(given)
            screen.say(f"Saved {_count(count)}; {len(given) - count:,} stood there already.")
        if undo is not None:
            now = shop.undo_rule(undo, author)
            screen.say(f"Undone: the rule {undo!r} is {'gone' if now is None else 'as it was before'}.")
        if delete is not None:
            screen.say(f"Deleted {_count(shop.delete_rule(delete, author))}.")
        found, changes = shop.rules(), shop.rule_history() if history else []
    if export is not None:
        export.write_text(rules_to_text(found), encoding="utf-8")
        screen.say(f"Wrote {_count(len(found))} to {export}.")
    if json:
        made = {"rules": [each.to_dict() for each in found]}
        screen.print_json(made | ({"history": [each.to_dict() for each in changes]} if history else {}))
        return
    if history:
        table = screen.table("time", "rule", "version", "done", "by", right=("version",))
        for change in changes:
            moment = change.time.isoformat(" ", "seconds")
            table.add_row(moment, *map(screen.plain, (change.rule_id, str(change.version), change.done, change.author)))
        screen.out().print(table)
    elif found:
        _show(found)
    screen.answer(_count(len(found)))


def _show(found: list[Rule]) -> None:
    from ..rules.rule import CONFLICTS, UNDER_A_CHOSEN_SORT

    table = screen.table("id", "kind", "for", "does", "from", "to", "by", "reason")
    for rule in found:
        start, end = (each.isoformat(" ", "minutes") if each else "" for each in (rule.start, rule.end))
        values = (rule.id, rule.kind, holds_for(rule), does(rule), start, end, rule.author, rule.reason)
        table.add_row(*map(screen.plain, values))
    screen.out().print(table)
    screen.answer(
        f"What wins: {', '.join(CONFLICTS)}. Under a sort that a shopper chose hold {', '.join(UNDER_A_CHOSEN_SORT)}."
    )


def holds_for(rule: Rule) -> str:
    """What a rule is for, in a few words."""
    named = [] if rule.query is None else [f"{rule.query!r}" if rule.match == "exact" else f"…{rule.query}…"]
    others = {name: getattr(rule, name) for name in ("category", "segment", "locale", "market")}
    named += [f"{name} {value}" for name, value in others.items() if value is not None]
    return ", ".join(named) or "all"


def does(rule: Rule) -> str:
    """What a rule does, in a few words."""
    values = rule.to_dict()
    if rule.kind == "synonym":
        return " = ".join(rule.words) if not rule.means else f"{', '.join(rule.words)} → {', '.join(rule.means)}"
    what = " ".join(rule.products) or values.get("filters") or rule.url or rule.text or ""
    if rule.kind == "pin":
        return f"{what} at {rule.position}"
    strength = f" × {rule.factor:g}" if rule.factor is not None else ""
    if rule.amount is not None:
        strength = f" {'+' if rule.kind == 'boost' else '−'} {rule.amount:g}"
    return f"{what}{strength}"


def _show_preview(shop: Shop, given: list[Rule], query: str, context: object, json: bool) -> None:
    from ...index import Context
    from ..request import Request

    request = Request(query, k=_AT_MOST, context=context if isinstance(context, Context) else None)
    before, after = shop.preview_rules(given, request)
    if json:
        screen.print_json({"before": before.to_dict(), "after": after.to_dict()})
        return
    table = screen.table("", "before", "after", "because", right=("",))
    for at in range(max(len(before), len(after))):
        cells = [
            screen.plain(f"{found[at].product.id} {found[at].product.title}") if at < len(found) else ""
            for found in (before, after)
        ]
        moves = after[at].moves if at < len(after) else ()
        table.add_row(
            str(at + 1), *cells, screen.plain(", ".join(f"{each.rule} (from {each.from_rank})" for each in moves))
        )
    screen.out().print(table)
    screen.answer(f"{before.total:,} products before, {after.total:,} after; nothing was saved.")
    for name, found in (("before", before), ("after", after)):
        if found.redirect:
            screen.answer(f"Redirect {name}: {screen.plain(found.redirect)}")
        for banner in found.banners:
            screen.answer(f"Banner {name}: {screen.plain(banner)}")


def _count(number: int) -> str:
    return f"{number:,} {'rule' if number == 1 else 'rules'}"
