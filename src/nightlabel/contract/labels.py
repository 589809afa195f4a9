"""What a model says of records, as arrays."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Labels:
    """The most probable classes of records.

    Attributes:
        classes: The labels that the model knows.
        order: Positions in ``classes``, the most probable first, shape (records, top), int64.
        confidences: Their probabilities, shape (records, top), float32.
    """

    classes: tuple[str, ...]
    order: "NDArray[np.int64]"
    confidences: "NDArray[np.float32]"
