"""Tell by the exit code whether a service is at work: ``python -m compose.healthy scheduler`` or an address.

Airflow's scheduler, DAG processor and triggerer say so by their heartbeats, which its API shows; a process
that hangs has none.
"""

import json
import sys
import urllib.request

API = "http://airflow-api:8080/api/v2/monitor/health"
SECONDS = 8


def main(what: str) -> int:
    """Ask once.

    Args:
        what: A part of Airflow, as its API names it; or an address that answers 200 while all is well.

    Returns:
        0 where it is at work, else 1.
    """
    try:
        with urllib.request.urlopen(what if "://" in what else API, timeout=SECONDS) as reply:  # noqa: S310 - own services
            answer = reply.read()
        return 0 if "://" in what or json.loads(answer)[what]["status"] == "healthy" else 1
    except (OSError, ValueError, KeyError, TypeError):
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
