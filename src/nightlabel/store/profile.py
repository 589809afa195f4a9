"""Credentials of an AWS profile, which obstore does not look for; all others it finds itself."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from nightlabel.errors import RefusedError
from nightlabel.settings import environment

if TYPE_CHECKING:
    from obstore.auth.boto3 import Boto3CredentialProvider

_KEPT = timedelta(minutes=5)  # botocore gives credentials that hold for ten minutes at least


def credentials() -> "Boto3CredentialProvider | None":
    """Give the credentials of the profile that AWS's own tools would take, renewed by them.

    Returns:
        Nothing where there is no profile, or one without credentials.

    Raises:
        RefusedError: ``NL-B009``, the named profile cannot be used.
    """
    if not _likely():
        return None
    import botocore.session  # noqa: PLC0415 - a sixth of a second that most processes need not pay
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    session = botocore.session.get_session()
    named = session.get_config_variable("profile")
    try:
        found = (named or "default" in session.available_profiles) and session.get_credentials()
    except BotoCoreError as error:
        raise RefusedError(
            f"the AWS profile {named or 'default'!r} cannot be used: {error}",
            code="NL-B009",
            kept="everything: nothing was read or written",
            advice="correct AWS_PROFILE or the file of the profiles",
        ) from None
    if not found:
        return None
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415 - boto3 is heavy

    return Boto3CredentialProvider(session, ttl=_KEPT)


def _likely() -> bool:
    """Tell whether there may be a profile: one is named, or one of the files that hold them is there."""
    files = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
    told = environment("AWS_")
    places = (Path(told.get(name, f"~/.aws/{usual}")).expanduser() for name, usual in files.items())
    named = told.get("AWS_PROFILE") or told.get("AWS_DEFAULT_PROFILE")
    return bool(named) or any(place.exists() for place in places)
