"""Polars over S3: one lazy scan of the partition, typed by expressions, labelled in one frame."""

from collections.abc import Callable
from typing import Any

import polars as pl

from benchmarks.engines.task import KEY, NAMES, NUMBERS, REGION, SECRET, TEXTS, Done, Task, Work, labelled

_ROW = pl.int_range(pl.len()).over("source")


def documented(task: Task) -> Work:
    """A glob with the header's names; with the options without which one faulty file stops the scan."""
    scan = pl.scan_csv(
        task.uri(f"{task.prefix}/*.csv"),
        separator=";",
        infer_schema=False,
        empty_string_is_null=False,
        encoding="utf8-lossy",
        raise_if_empty=False,
        missing_columns="insert",
        extra_columns="ignore",
        include_file_paths="source",
        storage_options=_options(task),
    )
    numbered = scan.rename({" valor ": "valor"}).with_columns(row=_ROW)
    return _work(task, lambda: _typed(numbered).drop_nulls().collect())


def tuned(task: Task) -> Work:
    """The columns declared by position, so that no file is asked for its header; rows counted at the end."""
    scan = pl.scan_csv(
        task.uri(f"{task.prefix}/*.csv"),
        separator=";",
        schema=dict.fromkeys(NAMES, pl.String),
        has_header=False,
        skip_rows=1,
        quote_char=None,
        empty_string_is_null=False,
        encoding="utf8-lossy",
        raise_if_empty=False,
        include_file_paths="source",
        storage_options=_options(task),
    )
    return _work(task, lambda: _typed(scan).collect().with_columns(row=_ROW).drop_nulls())


def _work(task: Task, records: Callable[[], pl.DataFrame]) -> Work:
    labeller = task.labeller()

    def work() -> Done:
        rows = labelled(labeller, records().to_pandas())
        out = f"{task.out}/labels.parquet"
        pl.from_pandas(rows).write_parquet(task.uri(out), storage_options=_options(task))
        return Done((out,))

    return work


def _typed(scan: pl.LazyFrame) -> pl.LazyFrame:
    plain = pl.col("valor").str.strip_chars(" ").str.replace_all(".", "", literal=True)
    return scan.with_columns(
        pl.col(*TEXTS).str.strip_chars(" "),
        pl.col(*NUMBERS).cast(pl.Int32, strict=False),
        pl.col("data").str.to_date("%d.%m.%Y", strict=False),
        plain.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False),
    )


def _options(task: Task) -> Any:
    return {
        "aws_endpoint_url": task.endpoint,
        "aws_region": REGION,
        "aws_access_key_id": KEY,
        "aws_secret_access_key": SECRET,
        "aws_allow_http": "true",
    }
