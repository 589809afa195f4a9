"""The benchmark's store, and moto's beside it: what holds for the one holds for the other."""

import subprocess
import sys
from contextlib import contextmanager

import boto3
import pytest
from obstore.store import S3Store

from benchmarks.measure import ROOT
from benchmarks.workload import BUCKET, Night

NIGHT = Night(files=1_200, rows=2)  # more than one page of a listing


@contextmanager
def standin(**options):
    command = [sys.executable, "-m", "benchmarks.standin"]
    command += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def night_server():
    with standin(files=NIGHT.files, rows=NIGHT.rows) as endpoint:
        yield endpoint


@pytest.fixture(params=("standin", "moto"))
def endpoint(request):
    """The address of a store with the bucket, once ours and once moto's."""
    if request.param == "standin":
        return request.getfixturevalue("night_server")
    address = request.getfixturevalue("s3_server")
    client(address).create_bucket(Bucket=BUCKET)
    return address


def store(endpoint, prefix=None) -> S3Store:
    keys = {"access_key_id": "test", "secret_access_key": "test", "region": "us-east-1"}
    return S3Store(BUCKET, prefix=prefix, endpoint=endpoint, client_options={"allow_http": True}, **keys)


def client(endpoint):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=endpoint, **keys)
