"""All that a use case may import, and all that the core knows of a use case."""

from nightlabel.contract.card import Card, Gates, Monitoring, PodSize
from nightlabel.contract.labels import Labels
from nightlabel.contract.reading import Fault, Reading, Texts
from nightlabel.contract.usecase import Encoder, Modelling, Params, Preparing, Remembering, Schema, UseCase

__all__ = [
    "Card",
    "Encoder",
    "Fault",
    "Gates",
    "Labels",
    "Modelling",
    "Monitoring",
    "Params",
    "PodSize",
    "Preparing",
    "Reading",
    "Remembering",
    "Schema",
    "Texts",
    "UseCase",
]
