"""Spark starts quietly, is closed to the outside, is stopped at the end, and says what it lacks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.settings import Settings, read, settings
from nightlabel.spread import session
from nightlabel.spread.session import spread
from nightlabel.store import open_lake
from nightlabel.usecases.card_spending import lookalike
from tests.processes import seen

SPARK = Settings(prepare_with="spark", spark_master="local[2]")


def broken(_):
    raise ValueError("not so")
    yield


@pytest.mark.parametrize("master", ["", "local[0]", "http://host", "local[2] --jars x", "spark://"])
def test_a_master_that_spark_does_not_know_is_refused_before_it_starts(master):
    with pytest.raises(RefusedError, match="NIGHTLABEL_SPARK_MASTER"):
        read({"NIGHTLABEL_SPARK_MASTER": master})


def test_without_pyspark_the_refusal_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)

    with pytest.raises(RefusedError, match=r"pip install 'nightlabel\[spark\]'") as refusal, session(SPARK):
        pass

    assert refusal.value.code == "NL-S004"
    assert "NIGHTLABEL_PREPARE_WITH=spark, but pyspark is not installed" in str(refusal.value)


@pytest.mark.parametrize("home", ["", "/nowhere"])
def test_without_java_the_refusal_says_what_to_install(monkeypatch, home):
    from pyspark.sql import SparkSession  # noqa: PLC0415

    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("JAVA_HOME", home)

    with pytest.raises(RefusedError, match="openjdk-17-jre-headless") as refusal, session(SPARK):
        pass

    assert refusal.value.code == "NL-S005"
    assert f"there is none in {'JAVA_HOME' if home else 'PATH'}" in refusal.value.sentence


def test_a_failure_of_spark_is_one_to_try_again(spark):
    with pytest.raises(UnavailableError, match="Spark at local") as failure, session(SPARK) as standing:
        list(spread(standing, ["task"], broken, "answer string"))

    assert failure.value.code == "NL-S006"


def test_no_port_is_open_to_the_outside(spark):
    mine = [psutil.Process(), *psutil.Process().children(recursive=True)]
    java = [process for process, name in seen(mine, psutil.Process.name) if name == "java"]
    sockets = [at for _, found in seen(java, psutil.Process.net_connections) for at in found]
    ports = [at.laddr.ip for at in sockets if at.status == psutil.CONN_LISTEN]

    assert ports
    assert {ip.removeprefix("::ffff:") for ip in ports} == {"127.0.0.1"}


def validate(folder, **place):
    """Run the step as a person does, on Spark."""
    open_lake().put("set/a.csv", lookalike.make(80, 1))
    command = [Path(sys.executable).absolute().parent / "nightlabel", "validate", "-u", "card_spending"]
    spark = {"NIGHTLABEL_PREPARE_WITH": "spark", "NIGHTLABEL_SPARK_MASTER": "local[1]"}
    return subprocess.run(
        [*command, "-r", "one", "--data", "set/", "--json"],
        env={**os.environ, **spark, **place},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_step_on_spark_says_its_result_alone_and_leaves_nothing_behind(tmp_path, folder_place):
    done = validate(tmp_path)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"] == 1
    assert [path.name for path in settings().home.iterdir()] == []
    assert {path.name for path in tmp_path.iterdir()} == {"home", "lake"}


def test_a_java_that_does_not_start_spark_is_refused_with_what_to_install(tmp_path, folder_place):
    java = tmp_path / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\nexit 1\n")
    java.chmod(0o755)

    refused = validate(tmp_path, JAVA_HOME=str(tmp_path / "java"))

    assert refused.returncode == RefusedError.exit_code
    assert "NL-S005" in refused.stdout + refused.stderr
    assert "openjdk-17-jre-headless" in refused.stdout + refused.stderr
