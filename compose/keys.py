"""Keys and passwords of the services: made once, each service's in a file that only this user may read.

``python3 -m compose.keys`` needs nothing but Python. It never changes a value that it made before, and adds
what a newer version of this file asks for; with a host and ports it says where the services are.
"""

import base64
import json
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from servers import private

FOLDER = Path(".nightlabel/compose")
"""Where the files are, below the checkout; git ignores it."""
USER = "admin"
YOURS = {
    "own.env": "further variables of the steps in this place, such as NIGHTLABEL_FORGE=github and its token",
    "datadog.env": "DD_API_KEY of the profile datadog",
}
"""Files that a person fills in: made once, and never written again."""


def _password() -> str:
    return secrets.token_urlsafe(18)


def _key() -> str:
    return secrets.token_hex(32)


def _fernet() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


MAKERS: dict[str, Callable[[], str]] = {
    "postgres": _password,
    "postgres_airflow": _password,
    "postgres_mlflow": _password,
    "store_admin": _key,
    "store_steps": _key,
    "store_people": _key,
    "store_mlflow": _key,
    "store_reader": _key,
    "airflow": _password,
    "airflow_fernet": _fernet,
    "airflow_jwt": lambda: secrets.token_hex(64),
    "airflow_session": _key,
    "mlflow": _password,
    "mlflow_session": _key,
    "evidently": _password,
}
"""Every secret of the place, by name, and how it is made."""

_MAY = {
    "admin": ["Admin"],
    "steps": ["Read:lake", "Write:lake", "List:lake"],
    "people": ["Read:lake", "Write:lake", "List:lake"],
    "mlflow": ["Read:mlflow", "Write:mlflow", "List:mlflow"],
    "reader": ["Read:lake", "List:lake"],
}
"""What each account of the object store may do."""


def files(secret: dict[str, str]) -> dict[str, dict[str, str]]:
    """Give the variables of each file.

    Args:
        secret: A value for each name of ``MAKERS``.

    Returns:
        Variables by name, by the name of their file.
    """
    airflow_database = f"airflow:{secret['postgres_airflow']}@postgres/airflow"
    tracking = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": secret["mlflow"]}
    mlflow_database = f"postgresql+psycopg2://mlflow:{secret['postgres_mlflow']}@postgres"
    return {
        "postgres.env": {"POSTGRES_PASSWORD": secret["postgres"]},
        "store.env": {"STORE_ACCOUNTS": json.dumps(_accounts(secret))},
        "prepare.env": {
            "PREPARE_DATABASE": f"postgresql://postgres:{secret['postgres']}@postgres/postgres",
            "PREPARE_ROLES": json.dumps({n: secret[f"postgres_{n}"] for n in ("airflow", "mlflow")}),
            **_store_login("admin", secret),
        },
        "airflow.env": {
            "AIRFLOW__CORE__FERNET_KEY": secret["airflow_fernet"],
            "AIRFLOW__API_AUTH__JWT_SECRET": secret["airflow_jwt"],
            "AIRFLOW__API__SECRET_KEY": secret["airflow_session"],
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{airflow_database}",
        },
        "people.env": {"AIRFLOW_PASSWORDS": json.dumps({USER: secret["airflow"]})},
        "pages.env": {**tracking, **_store_login("reader", secret)},
        "steps.env": {**tracking, **_store_login("steps", secret)},
        "mlflow.env": {
            "MLFLOW_AUTH_ADMIN_PASSWORD": secret["mlflow"],
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secret["mlflow_session"],
            "MLFLOW_BACKEND_STORE_URI": f"{mlflow_database}/mlflow",
            "MLFLOW_AUTH_DATABASE_URI": f"{mlflow_database}/mlflow_accounts",
            **_store_login("mlflow", secret),
        },
        "evidently.env": {"DRIFT_UI_PASSWORD": secret["evidently"], **_store_login("reader", secret)},
    }


def keep(folder: Path) -> dict[str, str]:
    """Make what is missing, write the files of all services, and give the secrets by name.

    Args:
        folder: Where the files are; it is made for this user alone.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    vault = folder / "keys.json"
    held = json.loads(vault.read_text(encoding="utf-8")) if vault.exists() else {}
    secret = {name: held.get(name) or make() for name, make in MAKERS.items()}
    if secret != held:
        private.write(vault, json.dumps({**held, **secret}, indent=1))
    for name, variables in files(secret).items():
        private.write(folder / name, "".join(f"{key}='{value}'\n" for key, value in variables.items()))
    for name, what in YOURS.items():
        if not (folder / name).exists():
            private.write(folder / name, f"# Yours: {what}\n")
    return secret


def addresses(secret: dict[str, str], host: str, ports: Sequence[str]) -> str:
    """Say where the services are, and how a person signs in.

    Args:
        secret: A value for each name of ``MAKERS``.
        host: The address that they listen on.
        ports: Those of Airflow, MLflow, Evidently and the object store.
    """
    logins = [f"user {USER}, password {secret[name]}" for name in ("airflow", "mlflow", "evidently")]
    logins.append(f"S3, bucket lake, key nightlabel-people, secret {secret['store_people']}")
    names = ("Airflow", "MLflow", "Evidently", "object store")
    found = zip(names, ports, logins, strict=True)
    return "".join(f"{name:13} http://{host}:{port:6} {login}\n" for name, port, login in found)


def main(told: Sequence[str] = ()) -> None:
    """Keep the secrets of this checkout, and say the addresses where host and ports are given."""
    try:
        secret = keep(FOLDER)
        if told:
            sys.stdout.write(addresses(secret, told[0], told[1:]))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"nightlabel: the keys in {FOLDER} cannot be kept: {error}; nothing was started\n")
        sys.exit(1)


def _accounts(secret: dict[str, str]) -> dict[str, list[dict[str, object]]]:
    """Give the accounts of the object store in SeaweedFS's words."""
    return {
        "identities": [
            {
                "name": who,
                "credentials": [{"accessKey": f"nightlabel-{who}", "secretKey": secret[f"store_{who}"]}],
                "actions": actions,
            }
            for who, actions in _MAY.items()
        ]
    }


def _store_login(who: str, secret: dict[str, str]) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": f"nightlabel-{who}", "AWS_SECRET_ACCESS_KEY": secret[f"store_{who}"]}


if __name__ == "__main__":
    main(sys.argv[1:])
