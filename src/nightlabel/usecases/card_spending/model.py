"""The networks of card_spending: a linear baseline, and a wide and deep network."""

from typing import cast

import torch
from torch import Tensor, nn

from nightlabel.contract.usecase import Encoder, Params
from nightlabel.errors import RefusedError
from nightlabel.usecases.card_spending.prepare import CardEncoder


class Linear(nn.Module):
    """One weight for each value of each category, and for each number, per class.

    Args:
        encoder: Gives sizes and classes.
    """

    def __init__(self, encoder: CardEncoder) -> None:
        super().__init__()
        self.values = _Values(encoder.sizes, len(encoder.classes), spread=0.0)
        self.slopes = nn.Linear(encoder.width, len(encoder.classes))

    def forward(self, categories: Tensor, numbers: Tensor) -> Tensor:
        """Give logits of shape (rows, classes)."""
        logits: Tensor = self.values(categories).sum(1) + self.slopes(numbers)
        return logits


class WideAndDeep(nn.Module):
    """Embeddings, numbers and character pieces through hidden layers, beside the linear part.

    Args:
        params: ``dim`` and ``pieces_dim`` are lengths of embeddings, ``hidden`` the widths of the layers,
            ``dropout`` the share of dropped units, ``field_dropout`` that of dropped categories, ``wide``
            adds the linear part of the categories, ``singles`` keeps apart what training saw only once.
        encoder: Gives sizes and classes.

    Source:
        Cheng et al., Wide & Deep Learning for Recommender Systems, DLRS 2016.
    """

    def __init__(self, params: Params, encoder: CardEncoder) -> None:
        super().__init__()
        self.common: Tensor
        limits = encoder.sizes if params["singles"] else encoder.common
        self.register_buffer("common", torch.tensor(limits, dtype=torch.int64))
        self.fields = _Values(encoder.sizes, params["dim"], spread=0.3)
        self.drop_fields = nn.Dropout1d(params["field_dropout"])
        self.pieces = _Pieces(encoder.buckets, params["pieces_dim"]) if encoder.buckets else None
        width = len(encoder.sizes) * params["dim"] + encoder.width
        width += params["pieces_dim"] if encoder.buckets else 0
        self.deep = _layers(width, params["hidden"], len(encoder.classes), params["dropout"])
        self.wide = _Values(encoder.sizes, len(encoder.classes), spread=0.0) if params["wide"] else None

    def forward(self, categories: Tensor, numbers: Tensor, pieces: Tensor | None = None) -> Tensor:
        """Give logits of shape (rows, classes)."""
        categories = torch.where(categories <= self.common, categories, 0)
        parts = [self.drop_fields(self.fields(categories)).flatten(1), numbers]
        if self.pieces is not None:
            parts.append(self.pieces(pieces))
        logits: Tensor = self.deep(torch.cat(parts, 1))
        return logits if self.wide is None else logits + self.wide(categories).sum(1)


class _Values(nn.Module):
    """One vector for each value of each category, all in one table."""

    def __init__(self, sizes: tuple[int, ...], dim: int, spread: float) -> None:
        super().__init__()
        self.table = nn.Embedding(sum(sizes), dim)
        nn.init.normal_(self.table.weight, std=spread)
        starts = torch.tensor([0, *sizes[:-1]]).cumsum(0)
        self.starts: Tensor
        self.register_buffer("starts", starts)

    def forward(self, categories: Tensor) -> Tensor:
        vectors: Tensor = self.table(categories + self.starts)
        return vectors


class _Pieces(nn.Module):
    """The mean vector of a merchant city's character pieces."""

    def __init__(self, buckets: int, dim: int) -> None:
        super().__init__()
        self.table = nn.Embedding(buckets + 1, dim)
        nn.init.normal_(self.table.weight, std=0.3)

    def forward(self, pieces: Tensor) -> Tensor:
        there = (pieces > 0).to(torch.float32).unsqueeze(2)
        mean: Tensor = (self.table(pieces) * there).sum(1) / there.sum(1).clamp(min=1)
        return mean


def _layers(width: int, hidden: list[int], classes: int, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for units in hidden:
        layers += [nn.Linear(width, units), nn.ReLU(), nn.Dropout(dropout)]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, classes))


def build(params: Params, encoder: Encoder) -> nn.Module:
    """Make an untrained network of ``params["kind"]``.

    Raises:
        RefusedError: ``NL-T001`` there is no such kind.
    """
    cards = cast("CardEncoder", encoder)
    if params["kind"] == "linear":
        return Linear(cards)
    if params["kind"] == "network":
        return WideAndDeep(params, cards)
    raise RefusedError(
        f"there is no kind of network {str(params['kind'])[:40]!r}; there are: linear, network",
        code="NL-T001",
        advice="correct the candidate in usecase.toml",
    )
