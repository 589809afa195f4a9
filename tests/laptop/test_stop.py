"""The demo is stopped, cut off and started again: nothing is left running, and nothing waits for what was."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from demo import signals
from tests.conftest import free_port
from tests.laptop.terminal import CTRL_C, PATIENCE, Terminal
from tests.processes import seen
from tests.waiting import until

pytestmark = pytest.mark.timeout(900)


class Laptop:
    """A folder and ports for one demo after the other."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = {f"{name}_PORT": str(free_port()) for name in ("AIRFLOW", "MLFLOW", "EVIDENTLY")}

    def demo(self, at_terminal) -> Terminal:
        return at_terminal("-m", "demo", NIGHTLABEL_HOME=str(self.home), **self.ports)

    def programs(self) -> list[psutil.Process]:
        """All that runs for this folder, whoever started it."""
        return [found for found in psutil.process_iter() if self._owns(found)]

    def program(self, *words: str) -> psutil.Process:
        """The one program with these words that was started for itself."""
        told = seen(self.programs(), lambda one: (os.getsid(one.pid), one.cmdline()))
        [found] = [one for one, (session, line) in told if session == one.pid and set(words) <= set(line)]
        return found

    def makes_the_database(self) -> bool:
        return any("migrate" in line for _, line in seen(self.programs(), psutil.Process.cmdline))

    def forget_the_database(self) -> None:
        """Let the next start make the database, however far the one before came."""
        for mark in self.home.glob("airflow/migrated-*"):
            mark.unlink()

    def _owns(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("NIGHTLABEL_HOME") == str(self.home)
        except psutil.Error:
            return False


@pytest.fixture(scope="module")
def laptop(tmp_path_factory) -> Laptop:
    return Laptop(tmp_path_factory.mktemp("stop") / "home")


def assert_nothing_is_left(laptop: Laptop) -> None:
    """A program that was killed is listed until the system has taken its memory back."""
    assert until(lambda: not laptop.programs(), 20), laptop.programs()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_database_is_made_leaves_no_process(laptop, stop, at_terminal):
    laptop.forget_the_database()
    terminal = laptop.demo(at_terminal)
    assert until(laptop.makes_the_database, PATIENCE)

    os.kill(terminal.pid, stop)

    assert terminal.ends() == 130
    assert "Stopped; what was made stays." in terminal.text
    assert_nothing_is_left(laptop)


def test_ctrl_c_while_tasks_run_leaves_no_process_however_often_it_is_pressed(laptop, at_terminal):
    terminal = laptop.demo(at_terminal)
    terminal.until("running", seconds=300)

    for _ in range(5):
        terminal.press(CTRL_C)
        time.sleep(0.05)

    assert terminal.ends() == 130
    assert "Traceback" not in terminal.text
    assert_nothing_is_left(laptop)


def test_the_next_start_ends_the_run_that_was_cut_off_and_names_a_service_that_died(laptop, at_terminal):
    terminal = laptop.demo(at_terminal)
    terminal.until("was cut off before; it is marked as failed now.", seconds=300)
    terminal.until("queued", "running")

    laptop.program("scheduler").kill()

    assert terminal.ends() == 1
    assert "airflow-scheduler ended with code -9; its log is " in terminal.text
    assert "Traceback" not in terminal.text
    assert_nothing_is_left(laptop)


def test_a_stop_at_the_end_of_the_work_is_no_failure(at_terminal):
    program = "from demo import __main__ as demo, signals; signals.listen(); demo._stay()"
    terminal = at_terminal("-c", program)
    terminal.until("The three UIs stay up until Ctrl-C.")
    terminal.until_it_waits()
    terminal.press(CTRL_C)

    assert terminal.ends() == 0
    assert "Stopped; what was made stays." in terminal.text


def test_a_signal_waits_until_what_is_started_is_known():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    known = []

    with pytest.raises(KeyboardInterrupt), signals.postponed():  # noqa: PT012 - the block is what is tested
        os.kill(os.getpid(), signal.SIGINT)
        known.append("started")

    assert known == ["started"]
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


def test_a_program_that_is_started_hears_signals_as_usual(at_terminal):
    program = (
        "from demo import signals; signals.listen()\nwith signals.postponed(): import subprocess as s, sys; "
    )
    child = "import signal; print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    terminal = at_terminal("-c", f"{program}s.run([sys.executable, '-c', {child!r}])")

    assert terminal.ends() == 0
    assert terminal.text.strip() == "True"
