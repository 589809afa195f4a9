"""One round: a few nights on a lake of their own, disturbed at moments that its seed decides."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from nightlabel.settings import settings
from tests.soak import check, truth, worker
from tests.soak.worker import Place, Task, start
from tests.soak.world import World

WAVES = 2
PATIENCE = 120  # seconds for a process that needs a tenth of one
SHARES = (0.0, 0.01, 0.03)  # of requests that fail
MEASURED = tuple(f"2026-03-{day:02}" for day in range(1, 6))
"""Dates of the nights whose seconds are measured; the shortest one was held up by nothing else."""

COUNTED = (
    "rounds",
    "kills",
    "stops",
    "faults",
    "reads",
    "duplicates",
    "late files",
    "changed files",
    "deleted files",
    "promotions",
)

ENDS = {"labelled", "committed", "already", "noop", "cleaned", "verified"}
"""Outcomes of a task."""

REFUSALS = {"NL-E001", "NL-D006", "NL-N007"}
"""Superseded, not all labelled, nothing to replay: how a task may be refused in the middle of a round."""

FAULTS = {"NL-B001", "NL-B003", "NL-B007"}
"""How a task may end where requests fail."""


class Site(NamedTuple):
    """Where rounds take place.

    Attributes:
        sound: The lake, for whoever must not fail.
        faulty: The same lake for the workers.
        break_down: Takes a seed and a share of the workers' requests that fail; gives the faults so far.
        reader: The pipe of a process that reads.
    """

    sound: Place
    faulty: Place
    break_down: object
    reader: object


@dataclass
class Round:
    """What one round has come to."""

    seed: int
    counted: Counter = field(default_factory=Counter)
    violations: list = field(default_factory=list)


@dataclass
class _Play:
    """A round while it goes on.

    Attributes:
        events: What happens when, in seconds from the start of a wave.
        working: Each process that was started in this wave, its pipe and its task.
    """

    site: Site
    usual: float
    mutant: str
    found: Round
    chance: random.Random
    world: World
    tasks: list = field(default_factory=list)
    events: list = field(default_factory=list)
    working: list = field(default_factory=list)

    @property
    def counted(self):
        return self.found.counted

    @property
    def dates(self):
        return sorted({date for date, _ in self.world.inbox})

    def at(self, moment, happen):
        self.events.append((moment, len(self.events), happen))

    def likely(self, share):
        return self.chance.random() < share


def play(seed, site, usual, mutant=""):
    """Play one round.

    Args:
        seed: Decides on all that happens, and when.
        site: An empty lake.
        usual: Seconds that an undisturbed night takes.
        mutant: Breaks the engine.
    """
    with entered(site.sound) as lake:
        chance = random.Random(seed)  # noqa: S311 - moments, not secrets
        world, found = World(lake, chance), Round(seed, Counter(rounds=1))
        game = _Play(site, usual, mutant, found, chance, world)
        before = site.break_down(seed, chance.choice(SHARES))
        site.reader.send(site.sound)
        _deliver(game)
        for wave in range(WAVES):
            _wave(game, wave)
        _close(game)
        site.reader.send("enough")
        _, reads = _heard(site.reader)
        found.violations += check.violations(lake, world, reads)
        found.counted += world.counted + Counter(reads=reads.total())
        found.counted["faults"] = (site.break_down(seed, 0.0) - before).total()
    return found


@contextlib.contextmanager
def entered(place):
    """Open a lake in this process, and leave its environment afterwards."""
    before = dict(os.environ)
    try:
        yield place.enter()
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()


def usual(site):
    """Measure undisturbed nights; gives the seconds of the shortest."""
    with entered(site.sound) as lake:
        world = World(lake, random.Random(0))  # noqa: S311 - as above
        world.crown("1")
        for date in MEASURED:
            for n in range(4):
                world.deliver(date, f"{n}.csv")
    return min(_seconds(site, date) for date in MEASURED)


def _seconds(site, date):
    begun = time.monotonic()
    process, pipe = start(worker.attempt, site.faulty, Task("night", date, "usual", "night", 0))
    pipe.recv()
    process.join()
    return time.monotonic() - begun


def _deliver(game):
    """Put what is there when the first night begins."""
    game.world.crown("1")
    for date in truth.DATES[: 1 + game.likely(0.2)]:
        for n in range(game.chance.randint(2, 5)):
            game.world.deliver(date, f"{n}.csv")


def _wave(game, wave):
    """Nights that overlap, and what befalls them."""
    game.events, game.working = [], []
    for date in game.dates:
        _night(game, date, wave)
        for happen, share in ((game.world.late, 0.6), (game.world.change, 0.4), (game.world.delete, 0.15)):
            if game.likely(share):
                game.at(_moment(game), lambda happen=happen, date=date: happen(date))
    if game.likely(0.3):
        model = game.chance.choice(sorted(truth.ODD))
        game.at(_moment(game), lambda: game.world.promote(model))
    _happen(game)
    _await(game)


def _night(game, date, wave):
    """A night's processes: of one run, of another one, and of an old one."""
    chance = game.chance
    reason = chance.choice(("night", "night", "night", "relabel", "replay"))
    old = [task for task in game.tasks if task.date == date]
    main = Task("night", date, f"wave-{wave}", reason, chance.getrandbits(32))
    tasks = [main]
    while game.likely(0.4):
        does = chance.choice(("night", "label", "publish", "die"))
        tasks.append(main._replace(does=does, seed=chance.getrandbits(32)))
    if game.likely(0.5):
        reason = chance.choice(("night", "relabel"))
        does = chance.choice(("night", "label", "die"))
        tasks.append(main._replace(does=does, run=f"other-{wave}", reason=reason))
    if old and game.likely(0.6):
        tasks.append(chance.choice(old))
    game.tasks += tasks
    game.counted["duplicates"] += len(tasks) - 1
    for task in tasks:
        _disturbed(game, task)


def _disturbed(game, task):
    """Start a process at some moment, and perhaps kill it, or stop it for a while."""
    begun, cell = game.chance.uniform(0, game.usual), []
    game.at(begun, lambda: cell.append(_begin(game, task)))
    if game.likely(0.5):
        game.at(begun + _moment(game), lambda: _signal(cell[0], signal.SIGKILL))
    elif game.likely(0.5):
        stopped = begun + _moment(game)
        game.at(stopped, lambda: game.counted.update(stops=_signal(cell[0], signal.SIGSTOP)))
        game.at(stopped + 2 * _moment(game), lambda: _signal(cell[0], signal.SIGCONT))


def _moment(game):
    return game.chance.uniform(0, 1.2 * game.usual)


def _begin(game, task):
    process, pipe = start(worker.attempt, game.site.faulty, task, game.mutant)
    game.working.append((process, pipe, task))
    return process


def _signal(process, number):
    """Send a signal to a process; tells whether it was at work still."""
    if process.exitcode is not None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)
    return True


def _happen(game):
    begun = time.monotonic()
    for moment, _, happen in sorted(game.events):
        time.sleep(max(0, begun + moment - time.monotonic()))
        happen()


def _await(game):
    for process, pipe, task in game.working:
        process.join(PATIENCE)
        game.counted["kills"] += process.exitcode == -signal.SIGKILL
        if process.exitcode is None:
            game.found.violations.append(f"{task} hangs")
            process.kill()
            process.join()
        elif process.exitcode != -signal.SIGKILL:
            _judge(game, task, _heard(pipe), REFUSALS | FAULTS)
        pipe.close()


def _close(game):
    """Repeat all that was begun and label the rest; then clean up and repeat all: that changes nothing."""
    known = {(task.date, task.run): task._replace(does="night") for task in game.tasks}
    tasks = game.chance.sample(sorted(known.values()), len(known))
    last = [Task("night", date, "last", "night", 0) for date in game.dates]
    tasks = sorted([*tasks, *last], key=lambda task: (task.reason == "replay", task.run == "last"))
    cleaning = [task._replace(does="clean", run="clean") for task in last[:1]]
    again = [*cleaning, *tasks, *(task._replace(run="again") for task in last)]
    again += [task._replace(does="verify", run="verify") for task in last]
    process, pipe = start(worker.close, game.site.sound, [*tasks, *again], game.mutant)
    told = list(filter(None, (_heard(pipe) for _ in [*tasks, *again])))
    process.join()
    for task, ended, _ in told:
        _judge(game, task, ended, {"NL-E001"} if (task.date, task.run) in known else set())
    if len(told) < len(tasks) + len(again):
        game.found.violations.append("the last nights broke down")
    for (_, _, before), (task, _, after) in pairwise(told[len(tasks) - 1 :]):
        if before != after:
            game.found.violations.append(f"{task} was repeated and changed the table")


def _judge(game, task, ended, refusals):
    if ended not in ENDS | refusals:
        game.found.violations.append(f"{task} ended with {ended}")


def _heard(pipe):
    try:
        return pipe.recv() if pipe.poll(PATIENCE) else None
    except EOFError:
        return None
