"""A bare loop, the practical bound: obstore in threads, chunks parsed at once, Parquet out, no validation."""

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import obstore
import pandas as pd
from obstore.store import S3Store

from benchmarks.engines import chunks
from benchmarks.engines.task import Done, Task, Work, labelled

THREADS = 8


def engine(task: Task) -> Work:
    """Start up: the client, and the model."""
    store, labeller = task.store(), task.labeller()

    def work() -> Done:
        outputs = list[str]()
        with ThreadPoolExecutor(THREADS) as pool:
            for keys, payloads in _read(store, pool, chunks.cut(_listed(store, task.prefix))):
                rows = labelled(labeller, chunks.records(keys, payloads))
                outputs.append(f"{task.out}/{len(outputs):05}.parquet")
                obstore.put(store, outputs[-1], parquet(rows))
        return Done(tuple(outputs))

    return work


def parquet(rows: pd.DataFrame) -> bytes:
    """Give the bytes of a Parquet file."""
    buffer = io.BytesIO()
    rows.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def _listed(store: S3Store, prefix: str) -> Iterator[tuple[str, int]]:
    return ((entry["path"], entry["size"]) for page in obstore.list(store, prefix) for entry in page)


def _read(
    store: S3Store, pool: ThreadPoolExecutor, cuts: Iterator[list[str]]
) -> Iterator[tuple[list[str], list[bytes]]]:
    """Read chunk by chunk, always one ahead."""
    ahead: tuple[list[str], list[Future[list[bytes]]]] | None = None
    for keys in cuts:
        parts = [pool.submit(_get, store, keys[at::THREADS]) for at in range(THREADS)]
        if ahead:
            yield _joined(*ahead)
        ahead = keys, parts
    if ahead:
        yield _joined(*ahead)


def _get(store: S3Store, keys: Sequence[str]) -> list[bytes]:
    return [bytes(obstore.get(store, key).bytes()) for key in keys]


def _joined(keys: list[str], parts: list[Future[list[bytes]]]) -> tuple[list[str], list[bytes]]:
    ordered = [key for at in range(THREADS) for key in keys[at::THREADS]]
    return ordered, [payload for part in parts for payload in part.result()]
