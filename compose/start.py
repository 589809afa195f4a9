"""What runs first in each container of our image: it lays files out for Airflow, and becomes a program.

Airflow takes the passwords of its people from a file alone; here it is in memory and goes with the container.
"""

import os
import sys
from pathlib import Path

from nightlabel.settings import child_environment, environment
from servers import private

PEOPLE = "AIRFLOW_PASSWORDS"
"""Users and passwords as a JSON object; only the API server gets it."""
FILE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"


def main(command: list[str]) -> None:
    """Become a program.

    Args:
        command: Its name and arguments.
    """
    told = environment("AIRFLOW_")
    if people := told.get(PEOPLE):
        place = Path(told[FILE])
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.write(place, people)
    os.execvpe(command[0], command, child_environment((PEOPLE,)))  # noqa: S606 - no shell


if __name__ == "__main__":
    main(sys.argv[1:])
