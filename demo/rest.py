"""Airflow's REST API, as far as the demo needs it."""

import json
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

TIMEOUT = 60
FINAL = frozenset({"success", "failed"})

Json = dict[str, Any]


@dataclass
class Airflow:
    """Airflow at an address, for one user."""

    url: str
    user: str
    password: str = field(repr=False)
    _token: str = field(default="", repr=False)

    def has(self, dag_id: str) -> bool:
        """Tell whether a DAG was parsed."""
        try:
            self._call("GET", f"/api/v2/dags/{dag_id}")
        except OSError:
            return False
        return True

    def healthy(self, *parts: str) -> bool:
        """Tell whether Airflow's own parts are at work."""
        try:
            health = self._call("GET", "/api/v2/monitor/health")
        except OSError:
            return False
        return all(health[part]["status"] == "healthy" for part in parts)

    def start(self, dag_id: str, run_id: str, conf: Json) -> None:
        """Start a run, as a person would by the form."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)

    def end_unfinished(self, dag_id: str) -> list[str]:
        """Mark runs that a stop cut off as failed, so that none competes with a new one; gives their ids."""
        path = f"/api/v2/dags/{dag_id}/dagRuns"
        runs = self._call("GET", f"{path}?state=running&state=queued&limit=100")["dag_runs"]
        names = [str(run["dag_run_id"]) for run in runs]
        for name in names:
            self._call("PATCH", f"{path}/{quote(name)}", {"state": "failed"})
        return names

    def state(self, dag_id: str, run_id: str) -> str:
        """Give the state of a run."""
        return str(self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def tasks(self, dag_id: str, run_id: str) -> list[Json]:
        """Give the tasks of a run, mapped ones each for itself."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=200"
        found: list[Json] = self._call("GET", path)["task_instances"]
        return found

    def order(self, dag_id: str) -> list[str]:
        """Give the ids of a DAG's tasks, each after those that it waits for."""
        tasks = {
            t["task_id"]: t["downstream_task_ids"]
            for t in self._call("GET", f"/api/v2/dags/{dag_id}/tasks")["tasks"]
        }
        depth = dict.fromkeys(tasks, 0)
        for _ in tasks:
            for name, following in tasks.items():
                for other in following:
                    depth[other] = max(depth[other], depth[name] + 1)
        return sorted(tasks, key=lambda name: (depth[name], name))

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        headers = {"Authorization": f"Bearer {self._bearer()}", "Content-Type": "application/json"}
        return _request(method, self.url + path, body, headers)

    def _bearer(self) -> str:
        if not self._token:
            who = {"username": self.user, "password": self.password}
            answer = _request("POST", f"{self.url}/auth/token", who, {"Content-Type": "application/json"})
            self._token = str(answer["access_token"])
        return self._token


def _request(method: str, url: str, body: Json | None, headers: dict[str, str]) -> Json:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own Airflow
    with urllib.request.urlopen(request, timeout=TIMEOUT) as reply:  # noqa: S310 - as above
        answer: Json = json.loads(reply.read() or b"{}")
    return answer
