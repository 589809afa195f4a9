"""Quantities such as ``500m`` and ``1Gi``, as Kubernetes writes them.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
"""

import re
from decimal import Decimal

BINARY = {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)}
DECIMAL = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1)} | {
    letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)
}
PATTERN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")


def quantity(text: str | float) -> Decimal:
    """Give a quantity's value in its base unit: cores or bytes; ValueError where it is none."""
    found = PATTERN.fullmatch(str(text))
    if not found:
        raise ValueError(f"{text!r} is no quantity")
    number, suffix = found[1], found[2] or ""
    factors = BINARY | DECIMAL
    return Decimal(number) * factors[suffix] if suffix in factors else Decimal(number + suffix)
