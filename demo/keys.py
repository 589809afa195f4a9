"""The demo's keys and passwords: made at the first start, kept in one file that only this user may read."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from servers import private


@dataclass(frozen=True, slots=True)
class Keys:
    """One secret for each purpose, so that no service knows another one's.

    Attributes:
        fernet: Encrypts Airflow's connections in its database.
        jwt: Signs Airflow's tokens, of people and of tasks.
        secret: Signs Airflow's sessions.
        password: Of Airflow's one user.
        mlflow: Of MLflow's one user.
        mlflow_secret: Signs MLflow's sessions.
        evidently: Password of the drift dashboard.
    """

    fernet: str = field(
        default_factory=lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(), repr=False
    )
    jwt: str = field(default_factory=lambda: secrets.token_hex(64), repr=False)
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    mlflow: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    mlflow_secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    evidently: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)


def keys(folder: Path) -> Keys:
    """Give the keys of a folder; what its file does not hold yet is made and kept.

    Args:
        folder: Where the file is.
    """
    path = folder / "keys.json"
    held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known = {one.name for one in fields(Keys)}
    found = Keys(**{name: value for name, value in held.items() if name in known})
    if asdict(found) != held:
        private.write(path, json.dumps(asdict(found)))
    return found
