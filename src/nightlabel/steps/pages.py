"""Addresses of the pages where people look at what a step made; empty where the place names no UI."""

from nightlabel.registry.models import Pinned
from nightlabel.settings import settings


def run_page(run_id: str) -> str:
    """Give MLflow's page of one run."""
    base = settings().mlflow_url
    return f"{base}/#/runs/{run_id}" if base else ""


def model_page(pinned: Pinned) -> str:
    """Give MLflow's page of one registered version."""
    base = settings().mlflow_url
    return f"{base}/#/models/{pinned.name}/versions/{pinned.version}" if base else ""


def drift_page(report: str) -> str:
    """Give the dashboard's page of one night.

    Args:
        report: Path of the night below the dashboard.
    """
    base = settings().evidently_url
    return f"{base}/{report}" if base else ""
