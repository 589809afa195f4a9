"""The repository that a workflow runs for, as nightlabel's own settings name one."""

from pydantic import SecretStr

from delivery.runner import variable
from nightlabel.settings import Settings


def place() -> Settings:
    """Give the settings that lead to it, by the variables of the run.

    Raises:
        DeliveryError: One of them is missing.
    """
    return Settings(
        forge="github",
        forge_repository=variable("GITHUB_REPOSITORY"),
        github_api=variable("GITHUB_API_URL", "https://api.github.com"),
        github_token=SecretStr(variable("GITHUB_TOKEN")),
    )
