"""What is learned from: a query's own products in their order, against everybody else's in the batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from sentence_transformers.base.losses.gradcache import CachedLossMixin
from sentence_transformers.util import all_gather, all_gather_with_grad
from torch import Tensor, nn
from torch.nn import functional

from .examples import GAIN_UNITS

LIKE = 64  # texts that go through the model together


class RankingLoss(CachedLossMixin, nn.Module):
    """Cross-entropy between the gains of a query's own products and a softmax over all products of the batch.

    A row of the data is a query, a product that answers it and `n` others (mined, or judged as worse). Of the other
    rows' products those that are known to answer the query too are left out: they are no negatives. Without grades,
    and without others, this is the usual loss with in-batch negatives. With `dimensions` the first so many numbers of
    a vector must rank by themselves (Matryoshka). With `mini_batch` a large batch needs the memory of a small one.
    """

    def __init__(
        self,
        model: nn.Module,
        answers: Sequence[tuple[int, int]],
        scale: float = 20.0,
        dimensions: Sequence[int] = (),
        mini_batch: int | None = None,
    ) -> None:
        """`answers`: numbers of queries and of products that are known to answer them."""
        super().__init__()
        self.model = model
        self.scale = scale
        self.dimensions = tuple(dimensions)
        self.mini_batch_size = mini_batch or 0
        self.mini_batch_num_tokens = None
        self.show_progress_bar = False
        self._stride = 1 + max((product for _, product in answers), default=0)
        codes = sorted({query * self._stride + product for query, product in answers})
        self.register_buffer("_answers", torch.tensor(codes, dtype=torch.int64), persistent=False)

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """`labels`: int64, shape (batch, 1 + 2 * (1 + n)): the query, its products, and their gains in thousandths."""
        features = list(sentence_features)
        if self.mini_batch_size:
            cached: Tensor = self.forward_cached(features, labels)
            return cached
        return self._loss(self._embedded(features), labels)

    def _embedded(self, columns: Sequence[dict[str, Tensor]]) -> list[Tensor]:
        """A vector of each text, by column. On a processor texts of like length go through the model together: half of
        what it would work through otherwise is padding (1.9 times the texts a second on titles of 6 to 40 tokens).
        """
        mask = columns[0].get("attention_mask")
        shared = {name: value for name, value in columns[0].items() if not isinstance(value, Tensor)}
        names = [name for name in columns[0] if name not in shared]
        if mask is None or mask.device.type != "cpu" or not all(columns[0][name].shape == mask.shape for name in names):
            return [self.model(column)["sentence_embedding"] for column in columns]
        widest = max(each["attention_mask"].shape[1] for each in columns)
        whole = {
            name: torch.cat([functional.pad(each[name], (0, widest - each[name].shape[1])) for each in columns])
            for name in names
        }
        lengths = whole["attention_mask"].sum(dim=1)
        order = torch.argsort(lengths, stable=True)
        parts = []
        for rows in torch.split(order, LIKE):
            width = int(lengths[rows].max())
            parts.append(self.model({**shared, **{name: values[rows, :width] for name, values in whole.items()}}))
        vectors = torch.cat([each["sentence_embedding"] for each in parts])
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order))
        return list(torch.split(vectors[back], [len(each["attention_mask"]) for each in columns]))

    def calculate_loss(
        self, reps: list[list[Tensor]], labels: Tensor | None = None, *, with_backward: bool = False
    ) -> Tensor:
        """See `CachedLossMixin`: from vectors whose gradients are kept and carried on later."""
        if labels is None:
            raise ValueError("wanted labels, got none")
        loss = self._loss([torch.cat(column) for column in reps], labels)
        if with_backward:
            loss.backward()  # type: ignore[no-untyped-call]
            loss = loss.detach()
        return loss

    def _loss(self, columns: Sequence[Tensor], labels: Tensor) -> Tensor:
        queries, products = columns[0], torch.stack(list(columns[1:]), dim=1)
        count, each = products.shape[0], products.shape[1]
        query_numbers, product_numbers = labels[:, 0], labels[:, 1 : 1 + each]
        gains = labels[:, 1 + each : 1 + 2 * each].float() / GAIN_UNITS
        everything, everybodys = products.reshape(count * each, -1), product_numbers.reshape(-1).contiguous()
        rank = 0
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            everything, everybodys = all_gather_with_grad(everything), all_gather(everybodys)
            rank = torch.distributed.get_rank()
        # Where this process's own products lie among those of all processes.
        own = rank * count * each + torch.arange(count * each, device=queries.device).reshape(count, each)
        forbidden = self._known(query_numbers, everybodys)
        # The same product may come twice: as the row's own it counts, elsewhere it does not count again.
        forbidden |= (everybodys[None, :, None] == product_numbers[:, None, :]).any(dim=2)
        forbidden.scatter_(1, own, False)
        target = gains / gains.sum(dim=1, keepdim=True).clamp_min(1e-6)
        total = queries.new_zeros(())
        sizes = self.dimensions or (queries.shape[1],)
        for size in sizes:
            asked = functional.normalize(queries[:, :size], dim=1)
            said = functional.normalize(everything[:, :size], dim=1)
            logits = (asked @ said.T * self.scale).masked_fill(forbidden, float("-inf"))
            total = total - (target * torch.log_softmax(logits, dim=1).gather(1, own)).sum(dim=1).mean()
        return total / len(sizes)

    def _known(self, queries: Tensor, products: Tensor) -> Tensor:
        """Whether each of the products is known to answer each of the queries; shape (queries, products)."""
        answers = self.get_buffer("_answers")
        codes = queries[:, None] * self._stride + products[None, :]
        if not len(answers):
            return torch.zeros_like(codes, dtype=torch.bool)
        at = torch.searchsorted(answers, codes).clamp_max(len(answers) - 1)
        return (answers[at] == codes) & (products[None, :] < self._stride)
