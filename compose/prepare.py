"""Bring a place to where its services can start: databases, buckets, the forge, Airflow's tables.

It runs before every start, does only what is missing, and deletes nothing.
"""

import subprocess
import sys

import boto3
import psycopg2  # type: ignore[import-untyped]  # in the image alone
from botocore.exceptions import ClientError
from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT, connection  # type: ignore[import-untyped]
from pydantic import BaseModel, Field, Json, SecretStr

from compose.forge import open_forge
from nightlabel.settings import Settings, environment, settings
from servers.told import told

DATABASES = {"airflow": "airflow", "mlflow": "mlflow", "mlflow_accounts": "mlflow"}
"""Owner of each database."""
BUCKETS = ("lake", "mlflow")
_THERE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class Told(BaseModel):
    """What it is told; the aliases are the variables."""

    database: SecretStr = Field(alias="PREPARE_DATABASE", min_length=1)
    roles: Json[dict[str, SecretStr]] = Field(alias="PREPARE_ROLES")


def main() -> None:
    """Prepare the place; ends with the exit code of Airflow's migration."""
    mine, place = told(Told, environment("PREPARE_")), settings()
    databases(mine)
    buckets(place)
    open_forge(place)
    sys.exit(subprocess.run(["airflow", "db", "migrate"], check=False).returncode)  # noqa: S607 - of this image


def databases(mine: Told) -> None:
    """Make roles and databases; a role reaches its own databases alone."""
    server = psycopg2.connect(mine.database.get_secret_value())
    try:
        server.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        for name, password in mine.roles.items():
            _role(server, name, password.get_secret_value())
        for name, owner in DATABASES.items():
            _database(server, name, owner)
    finally:
        server.close()


def buckets(place: Settings) -> None:
    """Make the buckets."""
    store = boto3.client("s3", endpoint_url=place.s3_endpoint or None, region_name=place.s3_region)
    for name in BUCKETS:
        try:
            store.create_bucket(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _THERE:
                raise


def _role(server: connection, name: str, password: str) -> None:
    with server.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        words = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}")
        cursor.execute(words.format(sql.Identifier(name), sql.Literal(password)))


def _database(server: connection, name: str, owner: str) -> None:
    with server.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if not cursor.fetchone():
            made = sql.SQL("CREATE DATABASE {} OWNER {}")
            cursor.execute(made.format(sql.Identifier(name), sql.Identifier(owner)))
        cursor.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


if __name__ == "__main__":
    main()
