"""A Spark session that is quiet, closed to the outside and stopped at the end; the only door to pyspark."""

import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from nightlabel import errors
from nightlabel.errors import NightlabelError, RefusedError, UnavailableError
from nightlabel.settings import Settings, environment, prefer_environment

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

Answer = dict[str, Any]
"""One row of what a partition answers, by column."""

_SHOWN = 300  # characters of Spark's own words
_PATIENCE = 30  # seconds for the JVM to end
_ALONE = "127.0.0.1"


@contextmanager
def session(place: Settings) -> Iterator["SparkSession"]:
    """Start Spark, and stop it at the end; a session that stands already is used and left standing.

    Raises:
        RefusedError: ``NL-S004`` pyspark is not installed, ``NL-S005`` there is no Java that starts it.
        UnavailableError: ``NL-S006``, Spark failed.
    """
    sessions = _sessions(place)
    if (standing := sessions.getActiveSession()) is not None:
        with _failures(place):
            yield standing
        return
    place.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="spark-", dir=place.home.absolute(), ignore_cleanup_errors=True
    ) as scratch:
        spark = _started(sessions, place, Path(scratch))
        try:
            with _failures(place):
                yield spark
        finally:
            _stop(spark)


def spread(
    spark: "SparkSession", tasks: Sequence[str], work: Callable[[str], Iterator[Answer]], columns: str
) -> Iterator["Row"]:
    """Run work on each task, one partition each, and give the answers in the order of the tasks.

    Args:
        spark: The session.
        tasks: What is to be done, as text.
        work: Does one task; it travels, so it is a function of a module or a ``partial`` of one.
        columns: Columns of an answer with their Spark types.

    Returns:
        The answers; the driver holds those of one task at a time.

    Raises:
        NightlabelError: What ``work`` raised.
    """
    from pyspark import StorageLevel

    def partition(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            for task in frame["task"]:
                yield from _answers(work, task, names)

    names = [column.split()[0] for column in columns.split(",")]
    asked = spark.sparkContext.parallelize([(task,) for task in tasks], max(len(tasks), 1))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        done = spark.createDataFrame(asked, "task string").mapInPandas(partition, f"{columns}, error string")
    done = done.persist(StorageLevel.DISK_ONLY)
    try:
        done.count()  # runs all partitions side by side; the iterator alone would ask for one after the other
        for row in done.toLocalIterator():
            if row["error"]:
                raise _raised(row["error"])
            yield row
    finally:
        done.unpersist()


def _answers(work: Callable[[str], Iterator[Answer]], task: str, names: list[str]) -> Iterator[pd.DataFrame]:
    try:
        for answer in work(task):
            yield pd.DataFrame([{**answer, "error": None}], columns=[*names, "error"], dtype=object)
    except NightlabelError as error:
        # an exception would reach the driver as text inside Spark's own, its code and exit code lost
        told = {"kind": type(error).__name__, "sentence": error.sentence, "code": error.code}
        told |= {"kept": error.kept, "advice": error.advice}
        yield pd.DataFrame([{"error": json.dumps(told)}], columns=[*names, "error"], dtype=object)


def _raised(told: str) -> NightlabelError:
    error = json.loads(told)
    kind: type[NightlabelError] = getattr(errors, error.pop("kind"), RefusedError)
    return kind(error.pop("sentence"), **error)


def _sessions(place: Settings) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise RefusedError(
            f"NIGHTLABEL_PREPARE_WITH={place.prepare_with}, but pyspark is not installed",
            code="NL-S004",
            kept="everything",
            advice="pip install 'nightlabel[spark]', or unset NIGHTLABEL_PREPARE_WITH",
        ) from None
    return SparkSession


def _started(sessions: Any, place: Settings, scratch: Path) -> "SparkSession":
    from pyspark.errors import PySparkException

    _require_java()
    local = place.spark_master.startswith("local")
    prefer_environment({"PYSPARK_PYTHON": sys.executable} | ({"SPARK_LOCAL_IP": _ALONE} if local else {}))
    builder = sessions.builder.appName("nightlabel").master(place.spark_master)
    for name, value in _options(scratch, local=local).items():
        builder = builder.config(name, value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            spark: SparkSession = builder.getOrCreate()
    except PySparkException as error:
        raise _no_java(f"Spark does not start: {_first_line(error)}") from error
    return spark


def _options(scratch: Path, *, local: bool) -> dict[str, str]:
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",  # what failed is told once, by this process
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
    }
    alone = {
        "spark.driver.host": _ALONE,
        "spark.driver.bindAddress": _ALONE,
        "spark.local.dir": str(scratch),
    }
    return options | (alone if local else {})


def _stop(spark: "SparkSession") -> None:
    """Stop Spark and its JVM, which would else live on until this process ends."""
    from pyspark import SparkContext

    context: Any = SparkContext
    gateway = context._gateway  # noqa: SLF001 - pyspark has no public way to end its JVM
    spark.stop()
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        try:
            gateway.proc.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            gateway.proc.kill()
            gateway.proc.wait()
        context._gateway = context._jvm = None  # noqa: SLF001 - as above


def _require_java() -> None:
    home = environment("JAVA_HOME").get("JAVA_HOME")
    if not shutil.which(str(Path(home) / "bin" / "java") if home else "java"):
        raise _no_java(f"Spark needs Java, and there is none in {'JAVA_HOME' if home else 'PATH'}")


def _no_java(sentence: str) -> RefusedError:
    return RefusedError(
        sentence,
        code="NL-S005",
        kept="everything",
        advice="install Java 17 (Debian: apt-get install openjdk-17-jre-headless), or unset"
        " NIGHTLABEL_PREPARE_WITH",
    )


@contextmanager
def _failures(place: Settings) -> Iterator[None]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise UnavailableError(
            f"Spark at {place.spark_master} failed: {_first_line(error)}",
            code="NL-S006",
            kept="the results of earlier steps",
            advice="look at Spark's logs, then run the step again; or unset NIGHTLABEL_PREPARE_WITH",
        ) from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:_SHOWN]
