"""A query before and after: without any rule and with them, or with a draft beside those that are saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ...plugin import Context, Hit, Request, RequestError, Results, Rule, Shop
from ...plugin.arranging import Move
from ...plugin.rules.book import Situation, Window, rules_now
from ...plugin.rules.hiding import hide_rules
from ...plugin.rules.keeping import with_rules
from ...plugin.rules.masks import mask_of
from ...plugin.rules.synonyms import widened
from ...plugin.rules.text_file import rules_from_text
from ...plugin.understanding import understand
from .markup import text
from .wording import Wording, wording

SHOWN = 12  # hits of each list
LOOKED_AT = 100  # hits among which a place is looked up
LONGEST_DRAFT = 20_000  # characters
EXAMPLE = '[[rule]]\nid = "night ferry first"\nkind = "pin"\nquery = "coffee"\nproducts = ["foo-005"]\nreason = "…"'
ENDED = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Trial:
    """What was typed to try it."""

    language: str = "en"
    query: str = ""
    category: str = ""
    market: str = ""
    group: str = ""
    draft: str = ""  # rules as `rules_to_text` writes them

    @property
    def request(self) -> Request:
        """Raises `RequestError`."""
        says = wording(self.language)
        context = Context(
            locale=says.locale,
            currency=says.currency,
            market=self.market.strip() or None,
            groups=tuple(filter(None, (self.group.strip(),))),
        )
        filters = {"category": self.category.strip()} if self.category.strip() else {}
        return Request(self.query, filters=filters, k=LOOKED_AT, context=context)


@dataclass(frozen=True)
class Compared:
    """Two answers to one request, and the rules that hold for the second."""

    before: Results
    after: Results
    rules: tuple[Rule, ...]
    hidden: dict[str, Rule]  # the products of the first that a rule hides from the second

    @property
    def differ(self) -> bool:
        """Whether rules did anything that is shown."""
        one, other = ((each.ids, each.total, each.banners, each.redirect) for each in (self.before, self.after))
        return one != other or any(hit.moves for hit in self.after)


def compare(shop: Shop, trial: Trial) -> Compared:
    """Both answers; nothing is saved. Raises `RequestError`, also for a draft that cannot be read."""
    request, rules = trial.request, list[Rule]()
    if trial.draft.strip():
        if len(trial.draft) > LONGEST_DRAFT:
            raise RequestError(f"draft: wanted at most {LONGEST_DRAFT:,} characters, got {len(trial.draft):,}")
        rules = rules_from_text(trial.draft)
        if not rules:
            raise RequestError(wording(trial.language).no_draft)
        before, after = shop.preview_rules(rules, request)
    else:
        # Without any rule is as if each had ended long ago.
        after, before = shop.preview_rules([replace(rule, start=None, end=ENDED) for rule in shop.rules()], request)
    return _explained(shop, rules, request, before, after)


def _explained(shop: Shop, rules: Sequence[Rule], request: Request, before: Results, after: Results) -> Compared:
    view, context = with_rules(shop.store.view, rules), request.context.filled(shop.store.context)
    understood = understand(request.query or "", context.locale or "", view, request.correct)
    situation, window = Situation.of(request, context, understood.corrected), rules_now(view)
    moment = datetime.now(UTC)
    synonyms = [
        rule
        for rule in window.synonyms
        if widened(understood, Window([rule], moment, window.since, window.until), situation) is not understood
    ]
    hides = hide_rules(view, request, context)
    rows = {hit.product.id: view.row_of(hit.product.id) for hit in before}
    hidden: dict[str, Rule] = {}
    for rule in hides:
        mask = mask_of(view, rule.chosen, context)
        hidden |= {key: rule for key, row in rows.items() if key not in hidden and row >= 0 and mask[row]}
    holding = dict.fromkeys((*hides, *window.applying(situation), *synonyms))
    return Compared(before, after, tuple(holding), hidden)


def trial_html(shop: Shop, trial: Trial) -> str:
    """Both lists, with what moved each hit; or the sentence that says what cannot be tried."""
    says = wording(trial.language)
    try:
        found = compare(shop, trial)
    except ValueError as error:  # a RequestError: what was typed cannot be asked, or is no rule
        return f'<p class="fh-note fh-wrong" role="alert">{text(error)}</p>'
    titles = (says.now, says.drafted) if trial.draft.strip() else (says.bare, says.ruled)
    before, after = _head(found.before, titles[0], says), _head(found.after, titles[1], says, found.rules)
    places = [{hit.product.id: rank for rank, hit in enumerate(each, 1)} for each in (found.before, found.after)]
    rows_before = "".join(
        _item(rank, hit, _left(hit, places[1], found.hidden, says)) for rank, hit in _first(found.before)
    )
    rows_after = "".join(
        _item(rank, hit, _came(rank, hit, places[0], found, says)) for rank, hit in _first(found.after)
    )
    same = "" if found.differ else f'<p class="fh-note" role="status">{text(says.none_moved)}</p>'
    return (
        f'{same}<div class="fh-compared"><section class="fh-before">{before}<ol>{rows_before}</ol></section>'
        f'<section class="fh-after">{after}<ol>{rows_after}</ol></section></div>'
    )


def _first(results: Results) -> Sequence[tuple[int, Hit]]:
    return list(enumerate(results.hits[:SHOWN], 1))


def _head(results: Results, title: str, says: Wording, rules: Sequence[Rule] = ()) -> str:
    """What stands above a list: how many there are, which rules hold, and what they show beside the hits."""
    held = [says.at_work.format(rules=", ".join(f"“{rule.id}”" for rule in rules))] if rules else []
    beside = [*held, *(says.banner.format(text=each) for each in results.banners)]
    if results.redirect:
        beside.append(says.redirect.format(url=results.redirect))
    if not results.hits:
        beside += results.notes
    notes = "".join(f'<p class="fh-note">{text(each)}</p>' for each in beside)
    count = text(says.products_count.format(total=f"{results.total:,}"))
    return f'<h3>{text(title)}</h3><p class="fh-lead">{count}</p>{notes}'


def _item(rank: int, hit: Hit, said: Sequence[str]) -> str:
    product = hit.product
    lines = "".join(f'<span class="fh-move">{text(each)}</span>' for each in said)
    changed = ' class="fh-changed"' if said else ""
    name = f"{text(product.title)} <i>{text(product.id)}</i>"
    return f'<li{changed} data-product="{text(product.id)}"><b>{rank}</b><span>{name}{lines}</span></li>'


def _left(hit: Hit, places: dict[str, int], hidden: dict[str, Rule], says: Wording) -> list[str]:
    """Where a hit of the first list is not in the second, why."""
    product_id = hit.product.id
    if product_id in hidden:
        rule = hidden[product_id]
        return [says.hidden.format(rule=rule.id) + _because(rule.reason)]
    return [] if product_id in places else [says.below.format(count=LOOKED_AT)]


def _came(rank: int, hit: Hit, places: dict[str, int], found: Compared, says: Wording) -> list[str]:
    """The moves that rules made, one after another; where others made room or way, the place before."""
    if hit.moves:
        return [_moved(each, says) for each in hit.moves]
    was = places.get(hit.product.id)
    if was is not None:
        return [] if was == rank else [says.risen.format(rank=was)]
    if found.before.total > LOOKED_AT:
        return [says.from_below.format(count=LOOKED_AT)]
    # Where all that was found is known, other words alone find more.
    by = [says.found_by.format(rule=rule.id) + _because(rule.reason) for rule in found.rules if rule.kind == "synonym"]
    return by or [says.not_found]


def _moved(move: Move, says: Wording) -> str:
    stays = move.from_rank == move.to_rank
    said = says.stays if stays else says.moved
    return said.format(rank=move.to_rank, start=move.from_rank, end=move.to_rank, rule=move.rule) + _because(
        move.reason
    )


def _because(reason: str) -> str:
    return f" · {reason}" if reason else ""
