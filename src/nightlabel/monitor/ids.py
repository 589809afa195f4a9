"""The ids of the drift dashboard: they follow from use case and date, so that links need not ask it."""

import uuid

SPACE = uuid.UUID("6f0d6e9e-6f6c-5b8e-9d0f-6e696768746c")


def project_id(usecase: str) -> uuid.UUID:
    """Give the id of a use case's project, the same on every machine."""
    return uuid.uuid5(SPACE, usecase)


def night_id(usecase: str, date: str) -> uuid.UUID:
    """Give the id of a night's snapshot."""
    return uuid.uuid5(project_id(usecase), date)


def report_page(usecase: str, date: str) -> str:
    """Give the page of a night below the address of ``evidently ui``."""
    return f"projects/{project_id(usecase)}/reports/{night_id(usecase, date)}"
