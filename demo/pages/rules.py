"""The rules of the shop as a list, and the history of one, from which its last change is undone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from ...plugin import Context, Rule, Shop, UnknownProduct
from ...plugin.rules.keeping import RuleChange
from ...plugin.rules.rule import CONFLICTS, UNDER_A_CHOSEN_SORT
from .detail import dialog
from .markup import shortened, text
from .wording import Wording, wording

AUTHOR = "demo"  # who undoes on this page
HOLDS = ("query", "category", "segment", "locale")
DOES = ("words", "means", "products", "position", "filters", "factor", "amount", "url", "text")
NAMED = 3  # products or words of a rule that are listed, before how many there are besides
TITLE = 48  # characters of a product's title

Listed = tuple[Rule, str]  # with its state


def listed(shop: Shop, now: datetime) -> list[Listed]:
    """All rules by id, then those that were there once, each with a state of `Wording.states`."""
    there = {rule.id: rule for rule in shop.rules()}
    once = {change.rule_id: change.rule for change in shop.rule_history() if change.rule is not None}
    removed = [(once[key], "removed") for key in sorted(set(once) - set(there))]
    return [*((rule, state(rule, now)) for rule in there.values()), *removed]


def state(rule: Rule, now: datetime) -> str:
    """Whether a rule is "active", "planned" or "over"."""
    if rule.is_active(now):
        return "active"
    return "planned" if rule.start is not None and now < rule.start else "over"


def rules_html(shop: Shop, language: str, now: datetime | None = None) -> str:
    """The list, and what wins where rules differ."""
    says = wording(language)
    found = listed(shop, now or datetime.now(UTC))
    head = f'<h2>{text(says.rules)}</h2><p class="fh-lead">{text(says.rules_intro)}</p>'
    if not found:
        return f'<section class="fh-rules">{head}<p class="fh-note">{text(says.no_rules)}</p></section>'
    columns = "".join(f'<th scope="col">{text(title)}</th>' for title in says.columns.values())
    rows = "".join(_row(shop, rule, kind, says) for rule, kind in found)
    order, kept = ([says.powers[each] for each in names] for names in (CONFLICTS, UNDER_A_CHOSEN_SORT))
    comma, last = says.between
    wins = says.wins.format(order=" › ".join(order), sorted=last.join((comma.join(kept[:-1]), kept[-1])))
    return (
        f'<section class="fh-rules">{head}<table><thead><tr>{columns}<th></th></tr></thead><tbody>{rows}</tbody>'
        f'</table><p class="fh-lead">{text(wins)}</p></section>'
    )


def _row(shop: Shop, rule: Rule, kind: str, says: Wording) -> str:
    cells = {
        "rule": f'<b>{text(rule.id)}</b><span class="fh-kind">{text(says.kinds[rule.kind])}</span>',
        "holds": _holds(rule, says),
        "does": _does(shop, rule, says),
        "market": text(rule.market or ""),
        "start": _day(rule.start),
        "end": _day(rule.end),
        "state": f'<span class="fh-state fh-{kind}">{text(says.states[kind])}</span>',
        "author": text(rule.author),
        "reason": text(rule.reason),
    }
    shown = "".join(
        f'<td class="fh-c-{name}" data-label="{text(says.columns[name])}">{cell and f"<div>{cell}</div>"}</td>'
        for name, cell in cells.items()
    )
    button = f'<button type="button" class="fh-plain" data-rule="{text(rule.id)}">{text(says.history)}</button>'
    return f'<tr class="fh-{kind}">{shown}<td class="fh-c-more">{button}</td></tr>'


def _holds(rule: Rule, says: Wording) -> str:
    said = []
    for name in HOLDS:
        value = getattr(rule, name)
        if value is not None:
            label = "containing" if name == "query" and rule.match == "containing" else name
            said.append(_said(says.rule_fields[label], f"“{value}”" if name == "query" else value))
    return "".join(said) or text(says.always)


def _does(shop: Shop, rule: Rule, says: Wording) -> str:
    """What the rule says of its action, each with its name; products by their titles."""
    values = rule.to_dict()
    said = []
    for name in DOES:
        if name not in values:
            continue
        value = values[name]
        if isinstance(value, list):
            first = (_title(shop, each, says) if name == "products" else each for each in value[:NAMED])
            value = _joined(first, len(value))
        said.append(_said(says.rule_fields[name], f"{value:g}" if isinstance(value, float) else value))
    return "".join(said)


def _joined(first: Iterable[str], count: int) -> str:
    return " · ".join(first) + (f" +{count - NAMED:,}" if count > NAMED else "")


def _said(label: str, value: object) -> str:
    return f'<span class="fh-said"><i>{text(label)}</i> {text(value)}</span>'


def _title(shop: Shop, product_id: str, says: Wording) -> str:
    """A product by its title; by its id where there is none."""
    try:
        return shortened(shop.get(product_id, context=Context(locale=says.locale)).title, TITLE)
    except UnknownProduct:
        return product_id


def _day(moment: datetime | None) -> str:
    """A moment in UTC, as the file of rules has it; without hours where it is the start of a day."""
    if moment is None:
        return ""
    shown = moment.astimezone(UTC)
    whole = (shown.hour, shown.minute, shown.second) == (0, 0, 0)
    return f"<time>{shown:%Y-%m-%d}</time>" if whole else f"<time>{shown:%Y-%m-%d %H:%M} UTC</time>"


def history_html(shop: Shop, rule_id: str, language: str, remark: str = "") -> str:
    """The dialog of one rule: every version, the latest first. Blank for a rule that never was."""
    says = wording(language)
    changes = shop.rule_history(rule_id)
    if not changes:
        return ""
    note = f'<p class="fh-note" role="status">{text(remark)}</p>' if remark else ""
    versions = "".join(_version(shop, change, says) for change in reversed(changes))
    undo = f'<button type="button" class="fh-plain fh-undo" data-undo="{text(rule_id)}">{text(says.undo)}</button>'
    title = f"{says.history}: {rule_id}"
    return dialog(f'<h2>{text(title)}</h2>{note}{undo}<ol class="fh-versions">{versions}</ol>', title, says)


def _version(shop: Shop, change: RuleChange, says: Wording) -> str:
    moment = f"{change.time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    head = " · ".join(
        filter(None, (says.version.format(number=change.version), says.done[change.done], moment, change.author))
    )
    rule = change.rule
    if rule is None:
        return f'<li><p class="fh-when">{text(head)}</p><p>{text(says.nothing_then)}</p></li>'
    dates = [(says.columns["market"], text(rule.market or "")), (says.columns["start"], _day(rule.start))]
    dates += [(says.columns["end"], _day(rule.end)), (says.columns["reason"], text(rule.reason))]
    others = "".join(f'<span class="fh-said"><i>{text(name)}</i> {shown}</span>' for name, shown in dates if shown)
    return (
        f'<li><p class="fh-when">{text(head)}</p><p><span class="fh-kind">{text(says.kinds[rule.kind])}</span>'
        f"{_holds(rule, says)}{_does(shop, rule, says)}{others}</p></li>"
    )


def undone_html(shop: Shop, rule_id: str, language: str) -> str:
    """Undoes the last change of a rule, and shows its history then. Raises `RequestError` for one that never was."""
    says = wording(language)
    rule = shop.undo_rule(rule_id, AUTHOR)
    return history_html(shop, rule_id, language, says.undone_gone if rule is None else says.undone)
