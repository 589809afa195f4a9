"""The human's answer at a real terminal: only a yes releases, and a no says how to say yes."""

import subprocess
import sys
from pathlib import Path

import pytest

from demo import decision
from demo.data import RECORDS, SEED, USECASE
from demo.place import Place, Ports
from nightlabel.propose.local import LocalForge
from nightlabel.registry.models import Registry
from nightlabel.settings import settings
from nightlabel.steps import whole
from nightlabel.store import open_lake
from nightlabel.usecases.card_spending import lookalike
from tests.laptop.terminal import CTRL_C, CTRL_D, ROOT

pytestmark = pytest.mark.timeout(900)

RUN, DATA = "asked", f"{USECASE}/data/cards.csv"
QUESTION = "Merge the proposal and make this model the champion? [y/n] (n): "
NEXT = "make demo YES=1"
PROGRAM = ("-m", "tests.laptop.deciding", RUN)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A laptop on which one experiment ended with a proposal."""
    home = tmp_path_factory.mktemp("decision")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTLABEL_HOME", str(home))
        settings.cache_clear()
        open_lake().put(DATA, lookalike.make(RECORDS, SEED))
        decision.open_forge(Place(Ports(), settings()))
        verdict = whole.experiment(USECASE, RUN, data=DATA, candidates=("baseline",))
    settings.cache_clear()
    assert verdict["outcome"] == "promote", verdict["reason"]
    return home


@pytest.fixture(autouse=True)
def _same_home(home, _clean_place, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_HOME", str(home))
    settings.cache_clear()


def nothing_is_released() -> bool:
    proposal = open_lake().read_json(f"{USECASE}/experiments/{RUN}/proposal.json")
    standing = LocalForge(Path(settings().forge_remote)).proposal(proposal["branch"])
    return standing.state == "open" and "champion" not in Registry(settings().tracking).aliases(USECASE)


@pytest.mark.parametrize(
    "keys",
    ["n\n", "\n", CTRL_D, "perhaps\nYES!\nn\n", "perhaps\n" + CTRL_D],
    ids=["no", "nothing", "Ctrl-D", "garbage, then no", "garbage, then Ctrl-D"],
)
def test_what_is_no_yes_releases_nothing_and_says_the_next_command(keys, at_terminal):
    terminal = at_terminal(*PROGRAM)
    terminal.until(QUESTION)
    terminal.press(keys)

    assert terminal.ends() == 0
    assert "Nothing is released, and the proposal stays open." in terminal.text
    assert NEXT in terminal.text.partition("Look around")[2]
    assert nothing_is_released()


def test_garbage_is_asked_about_again(at_terminal):
    terminal = at_terminal(*PROGRAM)
    terminal.until(QUESTION)
    terminal.press("perhaps\n")
    terminal.until("Please enter Y or N")
    terminal.press("n\n")

    assert terminal.ends() == 0
    assert terminal.text.count(QUESTION) == 2


def test_ctrl_c_at_the_question_stops_and_releases_nothing(at_terminal):
    terminal = at_terminal(*PROGRAM)
    terminal.until(QUESTION)
    terminal.until_it_waits()  # the question is on the screen a moment before the program listens
    terminal.press(CTRL_C)

    assert terminal.ends() != 0
    assert "Nothing is released" not in terminal.text
    assert nothing_is_released()


def test_where_nobody_can_answer_nobody_said_yes():
    for stdin in (subprocess.DEVNULL, subprocess.PIPE):
        result = subprocess.run(
            [sys.executable, *PROGRAM], cwd=ROOT, stdin=stdin, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        assert "Nobody is here to say yes." in result.stdout
        assert "[y/n]" not in result.stdout
        assert NEXT in result.stdout
    assert nothing_is_released()


def test_a_yes_merges_and_releases_in_the_persons_name(at_terminal):
    terminal = at_terminal(*PROGRAM)
    terminal.until(QUESTION)
    terminal.press("y\n")

    assert terminal.ends() == 0
    assert "said yes: merged as " in terminal.text
    assert NEXT not in terminal.text
    assert Registry(settings().tracking).aliases(USECASE)["champion"] == "1"


def test_yes_given_before_is_not_asked_for():
    result = subprocess.run(
        [sys.executable, *PROGRAM, "YES"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert "YES=1: the answer is yes." in result.stdout
    assert "[y/n]" not in result.stdout
    assert "said yes: merged as " in result.stdout
