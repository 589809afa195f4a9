"""A child's log and result come through, and its whole group ends with it."""

import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread

import psutil
import pytest

from nightlabel.settings import child_environment
from nightlabel_airflow.child import Child
from tests.waiting import until

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, file=sys.stderr, flush=True)
time.sleep(600)
"""


PATIENCE = 120  # seconds


def python(program):
    return Child([sys.executable, "-SEc", program], child_environment())


def alive(pid):
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_log_result_and_exit_code_come_through():
    said = []
    ended = python("import sys; print('{}'); print('one\\ntwo', file=sys.stderr); sys.exit(64)").follow(
        said.append
    )

    assert (ended.code, ended.output, said) == (64, "{}\n", ["one", "two"])


def test_neither_pipe_can_fill_and_stop_the_child():
    ended = python("import sys; sys.stdout.write('x' * 10**6); sys.stderr.write('y\\n' * 10**5)").follow(len)

    assert (ended.code, len(ended.output), len(ended.tail)) == (0, 10**6, 40)


def test_bytes_that_are_no_text_do_not_break_the_log():
    said = []
    python("import os; os.write(2, b'a\\xff\\n')").follow(said.append)

    assert said == ["a\\xff"]


def test_a_stopped_child_takes_its_group_with_it_even_where_it_ignores_the_request():
    child, said, ended = python(STUBBORN), [], []
    follower = Thread(target=lambda: ended.append(child.follow(said.append)))
    follower.start()
    assert until(lambda: said, PATIENCE)
    child.stop()
    follower.join(PATIENCE)

    assert ended[0].code == -9
    assert until(lambda: not alive(int(said[0])), PATIENCE)


def test_nothing_of_the_group_outlives_an_exception(tmp_path: Path):
    child, pids = python(STUBBORN), []

    def give_up(line):
        pids.append(int(line))
        raise TimeoutError

    with pytest.raises(TimeoutError):
        child.follow(give_up)
    assert until(lambda: not alive(pids[0]), PATIENCE)
