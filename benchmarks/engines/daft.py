"""Daft over S3: its CSV reader; and its downloads with a batch function that parses and labels."""

from functools import cache
from typing import TYPE_CHECKING, Any

import daft
import pyarrow as pa
from daft import DataType, Window, col
from daft.functions import download, monotonically_increasing_id, replace, strip, to_date, when
from daft.io import IOConfig, S3Config

from benchmarks.engines import chunks
from benchmarks.engines.task import KEY, NAMES, NUMBERS, REGION, SECRET, TEXTS, Done, Task, Work, labelled
from benchmarks.workload import BUCKET
from nightlabel.validate import typed

if TYPE_CHECKING:
    from nightlabel.registry.artifact import Labeller

_FILES = 2_000  # files that are parsed and labelled at once
_CONNECTIONS = 64
_LABEL = DataType.struct({"label": DataType.string(), "confidence": DataType.float32()})
_RECORD = DataType.struct(
    {
        "row": DataType.int64(),
        "data": DataType.date(),
        "valor": DataType.float64(),
        "label": DataType.string(),
        "confidence": DataType.float32(),
    }
)


@cache
def _labeller(task: Task) -> "Labeller":
    return task.labeller()


@daft.cls
class _Model:
    """The model as Daft's guide has it: loaded once, called by the batch."""

    def __init__(self, task: Task) -> None:
        self.labeller = _labeller(task)

    @daft.method.batch(return_dtype=_LABEL, unnest=True)  # type: ignore[untyped-decorator]
    def label(self, *columns: daft.Series) -> Any:
        arrays = [column.to_arrow() for column in columns]
        frame = typed(pa.table(arrays, names=[*NAMES, "source", "row"]))
        rows = labelled(self.labeller, frame)
        return pa.Table.from_pandas(rows[["label", "confidence"]], preserve_index=False).to_struct_array()

    @daft.method.batch(return_dtype=DataType.list(_RECORD), batch_size=_FILES)  # type: ignore[untyped-decorator]
    def files(self, sources: daft.Series, payloads: daft.Series) -> Any:
        names = sources.to_pylist()
        rows = labelled(self.labeller, chunks.records(names, payloads.to_pylist()))
        lengths = rows.groupby("source", sort=False).size().reindex(names, fill_value=0)
        offsets = pa.array([0, *lengths.cumsum()], pa.int64())
        records = pa.Table.from_pandas(rows.drop(columns="source"), preserve_index=False)
        return pa.LargeListArray.from_arrays(offsets, records.to_struct_array().combine_chunks())


def documented(task: Task) -> Work:
    """A glob, typed by expressions, labelled by a batch function."""
    model, config = _Model(task), _config(task)
    _labeller(task)

    def work() -> Done:
        frame = daft.read_csv(
            task.uri(f"{task.prefix}/*.csv"), delimiter=";", file_path_column="source", io_config=config
        )
        records = _typed(frame.with_column_renamed(" valor ", "valor")).drop_null()
        rows = records.select(
            "source", "row", "data", "valor", model.label(*(col(n) for n in (*NAMES, "source", "row")))
        )
        return _written(task, rows, config)

    return work


def tuned(task: Task) -> Work:
    """Whole files are downloaded side by side, and parsed and labelled in batches of thousands."""
    model, config = _Model(task), _config(task)
    _labeller(task)

    def work() -> Done:
        listed = daft.from_glob_path(task.uri(f"{task.prefix}/*.csv"), io_config=config).where(
            col("size") > 0
        )
        payload = download(col("path"), max_connections=_CONNECTIONS, io_config=config)
        files = listed.select(col("path").alias("source"), payload.alias("payload"))
        found = files.select("source", model.files(col("source"), col("payload")).alias("record"))
        rows = found.explode("record").select("source", col("record").unnest())
        return _written(task, rows, config)

    return work


def _typed(frame: daft.DataFrame) -> daft.DataFrame:
    frame = frame.with_column("at", monotonically_increasing_id())
    first = col("at").min().over(Window().partition_by("source"))
    plain = replace(replace(strip(col("valor")), ".", ""), ",", ".")
    return frame.with_columns(
        {name: strip(col(name)) for name in TEXTS}
        | {name: col(name).cast(DataType.int32()) for name in NUMBERS}
        | {"data": to_date(col("data"), "%d.%m.%Y"), "row": (col("at") - first).cast(DataType.int64())}
        | {"valor": when(plain != "-", plain).cast(DataType.float64())}
    )


def _written(task: Task, rows: daft.DataFrame, config: IOConfig) -> Done:
    paths = rows.write_parquet(task.uri(task.out), compression="zstd", io_config=config).to_pydict()["path"]
    return Done(tuple(path.partition(f"{BUCKET}/")[2] for path in paths))


def _config(task: Task) -> IOConfig:
    daft.set_runner_native()
    return IOConfig(
        s3=S3Config(
            endpoint_url=task.endpoint, region_name=REGION, key_id=KEY, access_key=SECRET, use_ssl=False
        )
    )
