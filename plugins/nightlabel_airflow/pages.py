"""What nightlabel adds to Airflow's UI: the pages Nights and Models, and links to the other two UIs."""

from typing import Any
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin

from nightlabel.settings import Settings, settings
from nightlabel_airflow.web.lazy import LazyApp

PREFIX = "/nightlabel"
"""Path of the pages, below the one of Airflow."""


def views(place: Settings) -> list[dict[str, Any]]:
    """Give the entries of the menu: the two pages, and one link for each UI that the place names."""
    root = urlsplit(place.airflow_url).path.rstrip("/")
    pages = [
        {"name": name.title(), "href": f"{root}{PREFIX}/{name}", "url_route": f"nightlabel-{name}"}
        for name in ("nights", "models")
    ]
    addresses = {"MLflow": place.mlflow_url, "Evidently": place.evidently_url}
    links = [{"name": name, "href": address} for name, address in addresses.items() if address]
    return [{**entry, "destination": "nav", "category": "browse"} for entry in [*pages, *links]]


class NightlabelPages(AirflowPlugin):
    """The pages of nightlabel in Airflow's UI."""

    name = "nightlabel"
    external_views = views(settings())
    fastapi_apps = [{"app": LazyApp(), "url_prefix": PREFIX, "name": "nightlabel"}]  # noqa: RUF012 - Airflow's form
