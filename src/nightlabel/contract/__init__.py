"""All that a use case may import, and all that the core knows of a use case."""

from nightlabel.contract.card import Card, Gates, Monitoring, PodSize
from nightlabel.contract.reading import Fault, Reading
from nightlabel.contract.usecase import Encoder, Modelling, Params, Preparing, Schema, UseCase

__all__ = [
    "Card",
    "Encoder",
    "Fault",
    "Gates",
    "Modelling",
    "Monitoring",
    "Params",
    "PodSize",
    "Preparing",
    "Reading",
    "Schema",
    "UseCase",
]
