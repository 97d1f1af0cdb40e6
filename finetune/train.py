"""Train the encoder on the shop's own data, and publish it only when it wins.

    python finetune/train.py --store my-shop --judgements judged.csv --searches clicks.jsonl
    python finetune/train.py --products products.csv --judgements judged.csv --out trained

`shelfwise train` is the same. `accelerate launch finetune/train.py …` takes all GPUs, or several processes. A run that
was killed goes on where it was, when it is started again in the same way. See docs/training.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from shelfwise.finetune.bundle import Bundle, is_live, publish_bundle
from shelfwise.finetune.catalogue_copy import open_copy, products_of, texts_of
from shelfwise.finetune.distilling import taught
from shelfwise.finetune.errors import TrainingError
from shelfwise.finetune.evaluation.asking import ask
from shelfwise.finetune.evaluation.segments import brand_finder, segments_of
from shelfwise.finetune.examples import TrainingData, drawn, make_examples
from shelfwise.finetune.fusing import fit_reading, fit_weights
from shelfwise.finetune.gathering import gather
from shelfwise.finetune.held_out import HeldOut, pool
from shelfwise.finetune.judgement import Judged
from shelfwise.finetune.knobs import Knobs, from_command_line
from shelfwise.finetune.mining import look, mine
from shelfwise.finetune.processes import Processes
from shelfwise.finetune.reading import reader_rows, train_reader
from shelfwise.finetune.report import in_words, write_report
from shelfwise.finetune.training import Learned, load_model, save_model, train, weight_of
from shelfwise.finetune.trial import facts_of, gate_check, said_to_have_none, try_both
from shelfwise.finetune.workplace import Workplace
from shelfwise.index import Reader, RequestError, ShelfwiseError, load_encoder
from shelfwise.plugin import NO_LIMITS, FusionWeights, Shop
from shelfwise.plugin.cutoff import Cutoff

MOST_WRONGLY_EMPTY = 0.05  # of queries that have an answer, said to have none; with more nothing is cut


def run(knobs: Knobs) -> int:
    """One run; 0 if the trained encoder won, 1 if the gate refused it, 2 if there was too little to tell."""
    knobs = knobs.checked()
    processes = Processes()
    if processes.count > 1 and (knobs.reader or knobs.distil):
        raise TrainingError(
            "train: wanted one process for --reader and --distil, got several; leave them out, or train with one"
        )
    place = Workplace(knobs.folder, quiet=not processes.first)
    with place.alone():
        with processes.after_first():
            if processes.first:
                prepare(knobs, place)
        learned = learn(knobs, place)
        return finish(knobs, place, learned) if processes.first else 0


def prepare(knobs: Knobs, place: Workplace) -> None:
    """Data: what shoppers want, what they are shown today, and what is wrong about that."""
    if place.begin(knobs.fingerprint(), knobs.as_facts()) and place.read("work/examples"):
        place.says("Going on with the run that was begun here.")
        return
    with open_copy(knobs, place) as shop:
        place.check_room(weight_of(knobs.encoder or shop.store.encoder.reference))
        signals = gather(knobs, list(products_of(shop)), shop.store.context.locale or "en")
        for sentence in signals.report:
            place.says(sentence)
        place.says(
            f"{len(signals.train):,} judgements to learn from; {len(signals.tune):,} queries to tune with, "
            f"{len(signals.held_out):,} to judge with."
        )
        before = ask(shop.answer_many, sorted(signals.held_out))
        place.says(f"Before: {in_words(before, signals.held_out)}.")
        texts = texts_of(shop)
        train_on = drawn(signals.train, knobs.rows, knobs.seed)
        found = look(shop, {each.query for each in train_on} | set(signals.tune), place.says)
        mined = mine(found, signals.judged)
        data = make_examples(
            train_on,
            mined.negatives,
            texts,
            others=knobs.others,
            graded=knobs.graded,
            most=knobs.rows,
            seed=knobs.seed,
        )
        place.says(f"{len(data.examples):,} rows; {mined.too_near:,} products were too near to serve as negatives.")
        place.write("work/signals", signals.to_json())
        encoder = shop.store.encoder
        began = {"run": before, "encoder": encoder.reference, "dimension": encoder.dimension, "products": len(shop)}
        place.write("work/before", began)
        near = pool(signals.tune, {query: [key for key, _ in found[query]] for query in signals.tune}, texts)
        read = reader_rows(train_on, mined.negatives, texts, knobs.rows, knobs.seed)
        place.write("work/examples", {"data": data.to_json(), "pool": near.to_json(), "reader": read})


def learn(knobs: Knobs, place: Workplace) -> Learned:
    """Trains, or goes on training, or does nothing where that is done."""
    if place.encoder.is_dir() and (done := place.read("learned")):
        return Learned(**done)
    prepared = place.read("work/examples")
    data, near = TrainingData.from_json(prepared["data"]), HeldOut.from_json(prepared["pool"])
    base = knobs.encoder or place.read("work/before")["encoder"]
    if knobs.distil:
        data = taught(data, knobs.distil, base, prepared["reader"], place.teacher, knobs.training(), place.says)
    model = load_model(base)
    learned = train(model, data, place.checkpoints, knobs.training(), near.score, place.says)
    if not place.quiet:
        place.write("learned", learned.to_json())
        save_model(model, place.half_encoder, load_encoder(base).languages)
        if knobs.reader:
            place.says("The model that reads the first products together with the query:")
            train_reader(place.half_encoder, prepared["reader"], place.reader_checkpoints, knobs.training(), place.says)
        place.half_encoder.rename(place.encoder)
    return learned


def finish(knobs: Knobs, place: Workplace, learned: Learned) -> int:
    """Measures what was learned as it would serve, decides, writes all down, and publishes it where it won."""
    signals, before = place.read("work/signals"), place.read("work/before")
    judged, tune = signals["held_out"], signals["tune"]
    with open_copy(knobs, place) as shop:
        if shop.store.encoder.reference != str(place.encoder.resolve()):
            place.says("The catalogue is encoded by what was trained.")
            shop.publish(str(place.encoder), FusionWeights(), place.progress())
        # With another encoder words and meaning count differently, and relevance ends elsewhere.
        weights = fuse(shop, tune, place)
        cutoff = calibrate(shop, tune, place)
        after, empty = ask(shop.answer_many, sorted(judged)), said_to_have_none(shop.answer_many, sorted(judged))
        locale = shop.store.context.locale or "en"
        segments = segments_of(list(judged), locale, has_brand=brand_finder(shop.store.view, locale))
    place.says(f"After: {in_words(after, judged)}; {empty:.1%} of the queries are said to have no answer.")
    trial = try_both(before["run"], after, judged, segments, knobs.metric, knobs.non_inferior)
    facts = {**facts_of(trial), "queries_said_to_have_no_answer": empty}
    bundle = Bundle(place.folder, weights, cutoff, knobs.encoder or before["encoder"], facts)
    bundle.save()
    write_report(place, knobs, learned, signals, trial)
    place.says(str(trial.verdict))
    if knobs.store is None or not knobs.publish or not trial.verdict.accepted:
        place.says(f"Nothing was published; the result lies in {place.folder}.")
        return trial.verdict.exit_code
    with Shop.open(knobs.store, create=False, limits=NO_LIMITS) as shop:
        if is_live(bundle, shop):  # the run was killed after this
            place.says("It is live.")
            return 0
        live = ask(shop.answer_many, list(judged))
        check = gate_check(live, judged, segments, knobs.metric, knobs.non_inferior)
        number = publish_bundle(bundle, shop, place.progress(), check)
    place.says(f"It is live, as generation {number}; `shelfwise rollback` goes back.")
    return 0


def fuse(shop: Shop, tune: Judged, place: Workplace) -> FusionWeights:
    """How much words, meaning, agreement and reading count; live in the copy when this returns."""

    def live(weights: FusionWeights) -> None:
        if weights != shop.live_weights:
            shop.publish(weights=weights)

    live(replace(shop.live_weights, reading=0.0))
    fitted = fit_weights(shop.answer_many, tune, shop.live_weights)
    live(fitted.weights)
    place.says(f"{fitted.weights}: nDCG@10 on what tunes {fitted.before:.4f} before, {fitted.ndcg:.4f} with these.")
    reader = Reader.beside(str(place.encoder))
    if reader is None:
        return fitted.weights
    texts = texts_of(shop)
    read = fit_reading(
        shop.answer_many, tune, fitted.weights, lambda query, ids: reader.scores(query, [texts[key] for key in ids])
    )
    live(read.weights)
    place.says(f"{read.weights}: nDCG@10 on what tunes {read.ndcg:.4f} with reading.")
    return read.weights


def calibrate(shop: Shop, tune: Judged, place: Workplace) -> Cutoff | None:
    """Where relevance ends, if there are queries enough to tell; read from one half, tried on the other."""
    queries = sorted(tune)
    try:
        shop.calibrate(queries[::2])
        wrong = said_to_have_none(shop.answer_many, queries[1::2])
        if wrong <= MOST_WRONGLY_EMPTY:
            return shop.calibrate(queries)
        place.says(f"Where relevance ends cannot be told: {wrong:.0%} of the queries would lose what answers them.")
    except RequestError as error:
        place.says(f"Where relevance ends cannot be told. {error}")
    shop.forget_calibration()
    return None


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    try:
        sys.exit(run(from_command_line(arguments)))
    except ShelfwiseError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
