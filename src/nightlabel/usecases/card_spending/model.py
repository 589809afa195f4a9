"""The networks of card_spending: a linear baseline, a wide and deep network, and nearest neighbours."""

from collections.abc import Mapping
from typing import Self, cast

import torch
from torch import Tensor, nn

from nightlabel.contract.usecase import Encoder, Params
from nightlabel.errors import RefusedError
from nightlabel.usecases.card_spending.prepare import CardEncoder

_FLOOR = 0.01  # share of the classes' prior in the answer of neighbours
_LEAST_WEIGHT = 1e-6  # of a remembered purchase, before its logarithm
_SOFT = 0.01  # what is added to a squared distance


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
        params: ``hidden`` are the widths of the layers, ``dropout`` the share of dropped units, ``wide``
            adds the linear part of the categories; the others as in ``_Purchase``.
        encoder: Gives sizes and classes.

    Source:
        Cheng et al., Wide & Deep Learning for Recommender Systems, DLRS 2016.
    """

    def __init__(self, params: Params, encoder: CardEncoder) -> None:
        super().__init__()
        self.purchase = _Purchase(params, encoder)
        self.deep = _layers(self.purchase.width, params["hidden"], len(encoder.classes), params["dropout"])
        self.wide = _Values(encoder.sizes, len(encoder.classes), spread=0.0) if params["wide"] else None

    def forward(self, categories: Tensor, numbers: Tensor, pieces: Tensor | None = None) -> Tensor:
        """Give logits of shape (rows, classes)."""
        logits: Tensor = self.deep(self.purchase(categories, numbers, pieces))
        return logits if self.wide is None else logits + self.wide(self.purchase.seen(categories)).sum(1)


class Neighbours(nn.Module):
    """The classes of the remembered purchases, the nearest counting most, in a space that is learned.

    ``p = softmax(trust * log(weight) - distance)``, summed over the remembered purchases of each class.
    Until it remembers, every class is as likely.

    Args:
        params: ``space`` is the length of the vectors that are compared, ``sampled`` the share of purchases
            that one step of training compares with, ``memory`` the largest number that is remembered for
            labelling, those of the greatest weight; the others as in ``_Purchase``.
        encoder: Gives sizes and classes.

    Source:
        Ye et al., Revisiting Nearest Neighbor for Tabular Data (ModernNCA), ICLR 2025, section 4.
    """

    def __init__(self, params: Params, encoder: CardEncoder) -> None:
        super().__init__()
        self.purchase = _Purchase(params, encoder)
        self.place = nn.Linear(self.purchase.width, params["space"])
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.trust = nn.Parameter(torch.tensor(0.0))
        self.sampled, self.memory = params["sampled"], params["memory"]
        self.rows: dict[str, Tensor] = {}
        self.answers: Tensor
        self.log_weights: Tensor
        self.prior: Tensor
        self.kept: Tensor
        self.others: Tensor
        self._know(torch.full((1, len(encoder.classes)), 1 / len(encoder.classes)), torch.ones(1))
        self.register_buffer("others", _to(torch.zeros(1, params["space"])))

    def remember(self, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> None:
        """Take the training rows for the purchases to compare with."""
        self.rows = dict(inputs)
        self._know(nn.functional.one_hot(target, self.answers.shape[1]).to(torch.float32), weights)

    def leave_one_out(self, index: Tensor) -> Tensor:
        """Give logits of remembered purchases, each compared with others only, shape (n, classes).

        Args:
            index: Of the remembered purchases, shape (n,).
        """
        asked = torch.randperm(len(self.answers))[: 2 + int(self.sampled * len(self.answers))]
        places = self._places(torch.cat([index, asked]))
        distances = _distances(places[: len(index)], _to(places[len(index) :]))
        distances = distances.masked_fill(index[:, None] == asked, torch.inf)
        return self._answer(distances, asked)

    def forward(self, categories: Tensor, numbers: Tensor, pieces: Tensor | None = None) -> Tensor:
        """Give logits of shape (rows, classes)."""
        places = self.scale * self.place(self.purchase(categories, numbers, pieces))
        return self._answer(_distances(places, self.others), self.kept)

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - as torch declares it
        """Switch between training and labelling, for which the remembered purchases get their places."""
        super().train(mode)
        if self.rows and not mode:
            with torch.no_grad():
                self.others = _to(self._places(self.kept))
        return self

    def _know(self, answers: Tensor, weights: Tensor) -> None:
        prior = answers.sum(0) + 0.5
        self.register_buffer("answers", answers)
        self.register_buffer("prior", prior / prior.sum())
        self.register_buffer("log_weights", weights.clamp(min=_LEAST_WEIGHT).log())
        self.register_buffer("kept", torch.argsort(weights, descending=True, stable=True)[: self.memory])

    def _places(self, index: Tensor) -> Tensor:
        places: Tensor = self.place(
            self.purchase(**{name: array[index] for name, array in self.rows.items()})
        )
        return self.scale * places

    def _answer(self, distances: Tensor, index: Tensor) -> Tensor:
        share = torch.softmax(self.trust * self.log_weights[index] - distances, dim=1) @ self.answers[index]
        return torch.log((1 - _FLOOR) * share + _FLOOR * self.prior)


def _to(places: Tensor) -> Tensor:
    """Give places in the form that ``_distances`` measures to."""
    squares = (places**2).sum(1, keepdim=True)
    return torch.cat([places, torch.ones_like(squares), squares + _SOFT], 1).T


def _distances(places: Tensor, others: Tensor) -> Tensor:
    """Give Euclidean distances by one product, softened near 0, where the root magnifies rounding."""
    squares = (places**2).sum(1, keepdim=True)
    product = torch.cat([-2 * places, squares, torch.ones_like(squares)], 1) @ others
    return product.clamp(min=_SOFT).sqrt()


class _Purchase(nn.Module):
    """One purchase as a vector: embeddings of its categories, its numbers, its character pieces.

    Args:
        params: ``dim`` and ``pieces_dim`` are lengths of embeddings, ``field_dropout`` the share of dropped
            categories, ``singles`` keeps apart what training saw only once.
        encoder: Gives sizes.
    """

    def __init__(self, params: Params, encoder: CardEncoder) -> None:
        super().__init__()
        self.common: Tensor
        limits = encoder.sizes if params["singles"] else encoder.common
        self.register_buffer("common", torch.tensor(limits, dtype=torch.int64))
        self.fields = _Values(encoder.sizes, params["dim"], spread=0.3)
        self.drop_fields = nn.Dropout1d(params["field_dropout"])
        self.pieces = _Pieces(encoder.buckets, params["pieces_dim"]) if encoder.buckets else None
        self.width = len(encoder.sizes) * params["dim"] + encoder.width
        self.width += params["pieces_dim"] if encoder.buckets else 0

    def forward(self, categories: Tensor, numbers: Tensor, pieces: Tensor | None = None) -> Tensor:
        """Give vectors of shape (rows, width)."""
        parts = [self.drop_fields(self.fields(self.seen(categories))).flatten(1), numbers]
        if self.pieces is not None:
            parts.append(self.pieces(pieces))
        return torch.cat(parts, 1)

    def seen(self, categories: Tensor) -> Tensor:
        """Give the categories, with 0 for those that are not kept apart."""
        return torch.where(categories <= self.common, categories, 0)


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
        self.table = nn.Embedding(buckets + 1, dim, padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.3)
        with torch.no_grad():
            self.table.weight[0] = 0  # no piece adds nothing, and is never trained

    def forward(self, pieces: Tensor) -> Tensor:
        there = (pieces > 0).to(torch.float32).sum(1, keepdim=True)
        mean: Tensor = self.table(pieces).sum(1) / there.clamp(min=1)
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
    if params["kind"] == "neighbours":
        return Neighbours(params, cards)
    raise RefusedError(
        f"there is no kind of network {str(params['kind'])[:40]!r}; there are: linear, network, neighbours",
        code="NL-T001",
        kept="everything: this candidate was not trained",
        advice="correct the candidate in usecase.toml",
    )
