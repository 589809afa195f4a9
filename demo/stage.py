"""What plays together while the demo runs."""

from dataclasses import dataclass

from demo.place import Place
from demo.rest import Airflow
from demo.services import Service
from nightlabel.store import Store


@dataclass(frozen=True, slots=True)
class Stage:
    """The running demo: its place, its services, Airflow's API for one user, and the lake."""

    place: Place
    services: list[Service]
    airflow: Airflow
    lake: Store
