"""Links in Airflow's menu to the candidates and to the drift dashboard."""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from nightlabel.settings import Settings, settings


def views(place: Settings) -> list[dict[str, Any]]:
    """Give one link for each UI that the place names."""
    addresses = {"MLflow": place.mlflow_url, "Evidently": place.evidently_url}
    return [
        {"name": name, "href": address, "destination": "nav", "category": "browse"}
        for name, address in addresses.items()
        if address
    ]


class NightlabelPages(AirflowPlugin):
    """The pages of nightlabel in Airflow's UI."""

    name = "nightlabel"
    external_views = views(settings())
