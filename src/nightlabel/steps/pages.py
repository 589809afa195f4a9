"""Addresses of the pages where people look at what a step made; empty where the place names no UI."""

from nightlabel.registry.models import Pinned
from nightlabel.settings import settings


def run_page(run_id: str) -> str:
    """Give MLflow's page of one run."""
    base = settings().mlflow_url
    return f"{base}/#/runs/{run_id}" if base else ""


def model_page(pinned: Pinned) -> str:
    """Give MLflow's page of one registered version."""
    return version_page(pinned.name, pinned.version)


def version_page(name: str, version: str) -> str:
    """Give MLflow's page of a version by its name."""
    base = settings().mlflow_url
    return f"{base}/#/models/{name}/versions/{version}" if base else ""


def night_page(usecase: str, date: str) -> str:
    """Give the page of a night in Airflow."""
    base = settings().airflow_url
    return f"{base}/nightlabel/nights/{usecase}/{date}" if base else ""


def models_page(usecase: str) -> str:
    """Give the page of a use case's models in Airflow."""
    base = settings().airflow_url
    return f"{base}/nightlabel/models/{usecase}" if base else ""


def drift_page(report: str) -> str:
    """Give the dashboard's page of one night.

    Args:
        report: Path of the night below the dashboard.
    """
    base = settings().evidently_url
    return f"{base}/{report}" if base else ""
