"""Feeds one reader with bytes that coverage leads to, until the time is over or a law breaks.

``python -m tests.fuzz TARGET SECONDS``, or ``make fuzz``. What breaks a law is written to the folder
``tests/fuzz/found``: every later test run tries it again.
"""

import argparse
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["nightlabel.contract", "nightlabel.validate", "nightlabel.label"]):
    from nightlabel.settings import settings
    from tests.fuzz import spoil
    from tests.fuzz.laws import LEAST, USECASES, hold_fast, seeds

FOUND = Path(__file__).parent / "found"
LONGEST = 2048
_SIZE = 50  # of the parts in which a seed is read


def main() -> None:
    """Fuzz one reader."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("target", choices=USECASES)
    asked.add_argument("seconds", type=int)
    chosen = asked.parse_args()
    usecase = USECASES[chosen.target]
    scratch = settings().home / "fuzz" / chosen.target
    corpus, words = scratch / "corpus", scratch / "words"
    corpus.mkdir(parents=True, exist_ok=True)
    FOUND.mkdir(exist_ok=True)
    for at, data in enumerate(seeds(usecase)):
        (corpus / f"seed-{at}").write_bytes(bytes([_SIZE]) + data)
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in (*spoil.CELLS, *spoil.ENDS) if word))

    def try_one(data: bytes) -> None:
        size, payload = LEAST + (data[0] if data else 0), data[1:]
        hold_fast(usecase, payload, size)

    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-max_total_time={chosen.seconds}",
            f"-max_len={LONGEST}",
            "-len_control=10",
            f"-dict={words}",
            f"-artifact_prefix={FOUND}/{chosen.target}-",
            "-print_final_stats=1",
            "-timeout=20",
        ],
        try_one,
    )
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word[:64])


if __name__ == "__main__":
    main()
