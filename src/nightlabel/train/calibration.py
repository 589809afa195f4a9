"""Averages members and makes their confidence honest, inside one module."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

_TEMPERATURES = (0.5, 3.0)
_SMALLEST = 1e-9  # of a probability, before its logarithm


class Calibrated(nn.Module):
    """The mean probability of several members, tempered, with a floor below every class.

    ``p = (1 - floor) * softmax(log(mean) / temperature) + floor * prior``: the floor keeps one confident
    mistake from costing more than the prior allows, and gives classes that training never saw their share.

    Args:
        members: Modules that give logits of shape (rows, classes) for the encoder's arrays by keyword.
        prior: Share of each class, shape (classes,), sums to 1.
        floor: Share of the prior in the answer, no unit, 0 <= floor < 1.
        temperature: No unit, > 0; above 1 makes the answer less sure.

    Source:
        Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 4.2.
    """

    def __init__(
        self, members: list[nn.Module], prior: NDArray[np.float64], floor: float, temperature: float = 1.0
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.floor = floor
        self.prior: Tensor
        self.temperature: Tensor
        self.register_buffer("prior", torch.tensor(prior, dtype=torch.float32))
        self.register_buffer("temperature", torch.tensor(temperature, dtype=torch.float32))

    def forward(self, **inputs: Tensor) -> Tensor:
        """Give probabilities of shape (rows, classes)."""
        answers = [torch.softmax(member(**inputs), dim=1) for member in self.members]
        mean = sum(answers[1:], start=answers[0]) / len(answers)
        tempered = torch.softmax(torch.log(mean.clamp(min=_SMALLEST)) / self.temperature, dim=1)
        return (1 - self.floor) * tempered + self.floor * self.prior

    def calibrate(self, target: Tensor, **inputs: Tensor) -> None:
        """Set the temperature that gives the least log loss on rows that no member was fitted to.

        Args:
            target: Index of the right class, shape (rows,).
            inputs: The encoder's arrays of these rows.
        """

        def loss(log_temperature: float) -> float:
            self.temperature.fill_(float(np.exp(log_temperature)))
            return log_loss(self(**inputs), target)

        with torch.no_grad():
            low, high = np.log(_TEMPERATURES)
            best = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-3})
            self.temperature.fill_(float(np.exp(best.x)))


def log_loss(probabilities: Tensor, target: Tensor) -> float:
    """Give the mean log loss, nats.

    Args:
        probabilities: Shape (rows, classes).
        target: Index of the right class, shape (rows,).
    """
    right = probabilities.gather(1, target[:, None]).clamp(min=_SMALLEST)
    return float(-right.log().mean())
