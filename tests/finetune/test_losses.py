"""What the loss pulls together and pushes apart."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("datasets")

from sentence_transformers import SentenceTransformer  # noqa: E402
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss  # noqa: E402
from shelfwise.finetune.examples import Example, TrainingData  # noqa: E402
from shelfwise.finetune.losses import RankingLoss  # noqa: E402

pytestmark = pytest.mark.torch

TEXTS = {
    "a": "red sofa",
    "b": "a very long text about a blue carpet with many words",
    "c": "green mug",
    "d": "white dish",
    "e": "grey bookcase",
    "f": "black throw",
}


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> SentenceTransformer:
    return SentenceTransformer(str(tiny_model), device="cpu")


def features(model: SentenceTransformer, data: TrainingData) -> tuple[list[dict[str, torch.Tensor]], torch.Tensor]:
    columns = data.columns()
    labels = torch.tensor(columns.pop("label"))
    return [model.preprocess(texts) for texts in columns.values()], labels


def pairs(*rows: tuple[str, str]) -> TrainingData:
    return TrainingData([Example(query, (key,), (1.0,)) for query, key in rows], TEXTS, list(rows))


def test_without_grades_and_others_it_is_the_usual_loss_with_in_batch_negatives(model: SentenceTransformer) -> None:
    data = pairs(("couch", "a"), ("rug for the floor of a large room", "b"), ("cup", "c"))
    columns, labels = features(model, data)
    ours = RankingLoss(model, data.answer_numbers())(columns, labels)
    theirs = MultipleNegativesRankingLoss(model)(features(model, data)[0], labels)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)


def test_texts_of_like_length_go_through_the_model_together_and_get_the_same_vectors(
    model: SentenceTransformer,
) -> None:
    columns, _ = features(model, pairs(("couch", "a"), ("rug for the floor of a large room", "b"), ("cup", "c")))
    together = RankingLoss(model, [])._embedded(columns)
    for vectors, column in zip(together, columns, strict=True):
        alone = model(dict(column))["sentence_embedding"]
        assert torch.allclose(vectors, alone, atol=1e-5)


def test_another_answer_to_the_same_query_is_no_negative(model: SentenceTransformer) -> None:
    data = pairs(("couch", "a"), ("cup", "c"))
    both_answer = TrainingData(data.examples, TEXTS, [*data.answers, ("couch", "c"), ("cup", "a")])
    columns, labels = features(model, data)
    assert RankingLoss(model, data.answer_numbers())(columns, labels).item() > 0
    assert RankingLoss(model, both_answer.answer_numbers())(columns, labels).item() == pytest.approx(0, abs=1e-6)


def test_the_same_product_in_two_rows_is_no_negative_of_itself(model: SentenceTransformer) -> None:
    columns, labels = features(model, pairs(("couch", "a"), ("settee", "a")))
    assert RankingLoss(model, [])(columns, labels).item() == pytest.approx(0, abs=1e-6)


def test_a_grade_is_a_share_of_the_target(model: SentenceTransformer) -> None:
    def of(gains: tuple[float, float]) -> float:
        data = TrainingData([Example("couch", ("a", "c"), gains)], TEXTS, [])
        columns, labels = features(model, data)
        return float(RankingLoss(model, [])(columns, labels).item())

    only_first, only_second = of((1.0, 0.0)), of((0.0, 1.0))
    assert of((1.0, 0.5)) == pytest.approx((2 * only_first + only_second) / 3, abs=1e-4)


def gradients(model: SentenceTransformer, loss: RankingLoss, data: TrainingData) -> torch.Tensor:
    model.zero_grad()
    loss(*features(model, data)).backward()
    return torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None])


def test_a_batch_in_small_parts_has_the_gradients_of_the_whole(model: SentenceTransformer) -> None:
    data = pairs(("couch", "a"), ("rug", "b"), ("cup", "c"), ("plate", "d"), ("shelf", "e"))
    whole = gradients(model, RankingLoss(model, data.answer_numbers()), data)
    parts = gradients(model, RankingLoss(model, data.answer_numbers(), mini_batch=2), data)
    assert torch.allclose(whole, parts, atol=1e-5) and whole.abs().max() > 0


def test_fewer_numbers_of_a_vector_are_ranked_by_too(model: SentenceTransformer) -> None:
    data = pairs(("couch", "a"), ("rug", "b"), ("cup", "c"))

    def of(*sizes: int) -> float:
        return float(RankingLoss(model, [], dimensions=sizes)(*features(model, data)).item())

    assert of(32, 8) == pytest.approx((of(32) + of(8)) / 2, abs=1e-5)
    assert of(8) != pytest.approx(of(32), abs=1e-5)
