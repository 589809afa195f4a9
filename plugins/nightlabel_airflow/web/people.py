"""Who may see what: whoever may read the DAG of a use case's nights may read its pages."""

from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, HTTPException, status

from nightlabel import catalog


def visible(user: GetUserDep) -> list[str]:
    """Give the use cases that somebody may see, in the order of the catalog."""
    dags = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    return [card.name for card in catalog.usecases() if f"nightly__{card.name}" in dags]


Visible = Annotated[list[str], Depends(visible)]


def permitted(usecase: str, seen: Visible) -> str:
    """Hold the use case of an address against what may be seen.

    Raises:
        HTTPException: 404; that a use case exists is told to nobody who may not see it.
    """
    if usecase not in seen:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "there is no such use case, or it is not yours to see")
    return usecase


Permitted = Annotated[str, Depends(permitted)]


def sign_in(path: str) -> str:
    """Give the address where somebody signs in and comes back to a page."""
    from urllib.parse import urlencode  # noqa: PLC0415 - asked for by strangers alone

    manager: Any = get_auth_manager()
    return f"{manager.get_url_login()}?{urlencode({'next': path})}"
