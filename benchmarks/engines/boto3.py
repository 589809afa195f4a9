"""boto3 with threads: a pandas frame per file, as most first versions are; and in batches."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pandas as pd
from botocore.config import Config

from benchmarks.engines import chunks
from benchmarks.engines.bare import parquet
from benchmarks.engines.task import KEY, NUMBERS, REGION, SECRET, TEXTS, Done, Task, Work, labelled
from benchmarks.workload import BUCKET

THREADS = 32


def documented(task: Task) -> Work:
    """Each thread reads a file, makes a frame of it, and labels it; one Parquet file at the end."""
    client, labeller = _client(task), task.labeller()

    def one(key: str) -> pd.DataFrame | None:
        body = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        try:
            return labelled(labeller, _records(body).assign(source=key))
        except (pd.errors.EmptyDataError, KeyError):
            return None

    def work() -> Done:
        with ThreadPoolExecutor(THREADS) as pool:
            keys = [key for key, _ in _listed(client, task)]
            frames = [frame for frame in pool.map(one, keys) if frame is not None]
        return _written(client, f"{task.out}/labels.parquet", pd.concat(frames))

    return work


def tuned(task: Task) -> Work:
    """The threads only read; what they read is parsed and labelled thousands of files at once."""
    client, labeller = _client(task), task.labeller()

    def get(key: str) -> bytes:
        body: bytes = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def work() -> Done:
        with ThreadPoolExecutor(THREADS) as pool:
            frames = [
                labelled(labeller, chunks.records(keys, list(pool.map(get, keys))))
                for keys in chunks.cut(_listed(client, task))
            ]
        return _written(client, f"{task.out}/labels.parquet", pd.concat(frames))

    return work


def _records(body: bytes) -> pd.DataFrame:
    texts = pd.read_csv(io.BytesIO(body), sep=";", encoding="mac_roman", dtype=str, keep_default_na=False)
    texts.columns = texts.columns.str.strip()
    frame = pd.DataFrame({name: texts[name].str.strip() for name in TEXTS})
    for name in NUMBERS:
        frame[name] = texts[name].astype("int32")
    frame["data"] = pd.to_datetime(texts["data"], format="%d.%m.%Y").dt.date
    plain = texts["valor"].str.strip().str.replace(".", "").str.replace(",", ".")
    frame["valor"] = pd.to_numeric(plain, errors="coerce").astype("float64")
    return frame.assign(row=range(len(frame))).dropna()


def _listed(client: Any, task: Task) -> Iterator[tuple[str, int]]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{task.prefix}/")
    return ((entry["Key"], entry["Size"]) for page in pages for entry in page.get("Contents", ()))


def _written(client: Any, out: str, rows: pd.DataFrame) -> Done:
    client.put_object(Bucket=BUCKET, Key=out, Body=parquet(rows))
    return Done((out,))


def _client(task: Task) -> Any:
    connect: Callable[..., Any] = boto3.client
    return connect(
        "s3",
        endpoint_url=task.endpoint,
        region_name=REGION,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(max_pool_connections=THREADS),
    )
