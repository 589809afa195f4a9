"""A cluster as a test sees it: started and stopped with ``with``, its faults in one line each."""

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fake_kubernetes.kubeconfig import write_kubeconfig

ROOT = Path(__file__).parents[2]
Body = dict[str, Any]
Rights = set[tuple[str, str]]


class Cluster:
    """A fake cluster in a process of its own.

    A pod is named by a pattern of its whole name. A fault that is scripted before its pod or request comes
    waits for it, and one that never hits fails the test at the end of ``with``.

    Attributes:
        url: The address of the API.
        namespace: The namespace of the pods, unless a call says otherwise.
        folder: Kubeconfigs, and the folders and logs of the pods.
    """

    def __init__(self, url: str, orders: str, *, namespace: str, folder: Path) -> None:
        self.url = url
        self.namespace = namespace
        self.folder = folder
        self._orders = orders

    # Who may ask.

    def token(self, account: str, namespace: str | None = None) -> str:
        """Give a token of a service account."""
        return self._order("token", namespace=namespace or self.namespace, account=account)

    def kubeconfig(self, account: str, namespace: str | None = None) -> Path:
        """Write a kubeconfig with a new token of a service account."""
        home = namespace or self.namespace
        path = self.folder / f"kubeconfig-{home}-{account}.yaml"
        return write_kubeconfig(path, url=self.url, token=self.token(account, home), namespace=home)

    def expire_tokens(self, account: str, namespace: str | None = None) -> None:
        """Let all tokens of an account run out: 401 from now on."""
        self._order("expire", namespace=namespace or self.namespace, account=account)

    def trust(self, account: str, *, cluster: str, key: str, seconds: float) -> None:
        """Be a cluster of EKS: tokens signed by an AWS key are an account's, for some seconds each."""
        self._order(
            "trust", namespace=self.namespace, account=account, cluster=cluster, key=key, seconds=seconds
        )

    def signed(self) -> int:
        """Count the different tokens of AWS that were taken."""
        return self._order("signed")

    def granted(self, account: str, namespace: str | None = None) -> Rights:
        """Give what the roles grant an account, as (verb, resource)."""
        return self._rights("granted", account, namespace)

    def used(self, account: str, namespace: str | None = None) -> Rights:
        """Give what an account did and was allowed to, as (verb, resource)."""
        return self._rights("used", account, namespace)

    def refused(self, account: str, namespace: str | None = None) -> Rights:
        """Give what an account tried and was not allowed to, as (verb, resource)."""
        return self._rights("refused", account, namespace)

    # What is there; no right is needed and no fault applies.

    def pods(self) -> list[Body]:
        """Give all pods of the namespace."""
        return [pod for pod in self._order("pods") if pod["metadata"]["namespace"] == self.namespace]

    def pod(self, name: str = ".*") -> Body:
        """Give the one pod of that name."""
        found = [pod for pod in self.pods() if _named(pod, name)]
        if len(found) != 1:
            raise LookupError(f"{len(found)} pods are named {name!r}")
        return found[0]

    def events(self, name: str = ".*") -> list[str]:
        """Give the events of a pod, as ``Reason: message``."""
        held = [e for e in self._order("events") if re.fullmatch(name, e["involvedObject"]["name"])]
        return [f"{event['reason']}: {event['message']}" for event in held]

    def wait(self, name: str = ".*", phase: str = "Succeeded|Failed", seconds: float = 120) -> Body:
        """Wait until the one pod of that name is in a phase; gives it."""
        found = self._until(lambda pods: _only(pods, name, phase), seconds)
        if not found:
            told = {pod["metadata"]["name"]: pod["status"]["phase"] for pod in self.pods()}
            raise TimeoutError(f"no pod {name!r} is {phase} after {seconds} s: {told}")
        return found

    def wait_gone(self, name: str = ".*", seconds: float = 120) -> None:
        """Wait until no pod has that name."""
        if not self._until(lambda pods: not any(_named(pod, name) for pod in pods), seconds):
            raise TimeoutError(f"a pod {name!r} is still there after {seconds} s")

    def requests(self) -> list[Body]:
        """Give the requests that came: verb, path, query, user, code (0 where none was given), at."""
        return self._order("requests")

    # Requests that go wrong.

    def answer(self, code: int, verb: str = ".*", path: str = ".*", **how: Any) -> None:
        """Answer the next requests with a status code: ``times``, ``skip``, ``message``, ``retry_after``."""
        wait = how.pop("retry_after", None)
        headers = {} if wait is None else {"Retry-After": str(wait)}
        self._order("answer", code=code, verb=verb, path=path, headers=headers, **how)

    def lose_reply(self, verb: str = ".*", path: str = ".*", **how: Any) -> None:
        """Do what the next requests ask for, and close the connection without a reply."""
        self._order("answer", verb=verb, path=path, lose="reply", **how)

    def lose_request(self, verb: str = ".*", path: str = ".*", **how: Any) -> None:
        """Close the connection of the next requests before anything is done."""
        self._order("answer", verb=verb, path=path, lose="request", **how)

    def slow(self, seconds: float, verb: str = ".*", path: str = ".*", **how: Any) -> None:
        """Let the next requests wait."""
        self._order("answer", verb=verb, path=path, delay=seconds, **how)

    def away(self, seconds: float, *, how: str = "refused") -> None:
        """Take the API away for some seconds: connections are ``refused``, or ``reset``."""
        self._order("away", seconds=seconds, how=how)

    # Pods that go wrong while they run, some seconds ``after`` they began to.

    def evict(self, pod: str = ".*", **how: Any) -> None:
        """Evict a pod: its containers are killed, its phase is Failed and its reason Evicted."""
        self._mishap("evict", pod, **how)

    def oom(self, pod: str = ".*", **how: Any) -> None:
        """Kill a pod's containers as the kernel does for memory: exit code 137, reason OOMKilled."""
        self._mishap("oom", pod, **how)

    def kill(self, pod: str = ".*", **how: Any) -> None:
        """Kill a pod's containers: exit code 137, reason Error."""
        self._mishap("kill", pod, **how)

    def delete(self, pod: str = ".*", grace: float = 0, **how: Any) -> None:
        """Delete a pod as the loss of its node does; without grace it is gone at once."""
        self._mishap("delete", pod, values={"grace": grace}, **how)

    def replace(self, pod: str = ".*", labels: dict[str, str] | None = None, **how: Any) -> None:
        """Put somebody else's pod under a pod's name, which has succeeded without doing anything."""
        self._mishap("replace", pod, values={"labels": labels or {}}, **how)

    # Pods that go wrong before they run, and logs.

    def unschedulable(self, pod: str = ".*", seconds: float | None = None, **how: Any) -> None:
        """Leave a pod without a node, for some seconds or for ever."""
        self._mishap("unschedulable", pod, values={"seconds": seconds}, **how)

    def slow_start(self, pod: str = ".*", seconds: float = 5, **how: Any) -> None:
        """Let a pod that has a node be Pending for some seconds."""
        self._mishap("slow_start", pod, values={"seconds": seconds}, **how)

    def missing_image(self, pod: str = ".*", **how: Any) -> None:
        """Let a pod's images be gone: ImagePullBackOff."""
        self._mishap("missing_image", pod, **how)

    def duplicate(self, pod: str = ".*", **how: Any) -> None:
        """Start a pod twice: the second has the same labels and spec, and a name of its own."""
        self._mishap("duplicate", pod, **how)

    def break_log(self, pod: str = ".*", lines: int = 0, *, how: str = "cut", **more: Any) -> None:
        """Stop the next log that is followed after some lines: ``cut``, ``hang``, or ``end`` cleanly."""
        self._mishap("log", pod, values={"lines": lines, "how": how}, **more)

    # The test's own affairs.

    def waiting(self) -> list[Body]:
        """Give the faults that have not hit yet."""
        return self._order("waiting")

    def clear(self) -> None:
        """Forget all faults."""
        self._order("clear")

    def empty(self) -> None:
        """Take away all pods and faults, and the records of events, requests and used rights."""
        self._order("empty")

    def check(self) -> None:
        """Fail where a fault never hit, or where the fake itself went wrong."""
        if errors := self._order("errors"):
            raise AssertionError("the fake cluster failed:\n" + "\n".join(errors))
        if waiting := self.waiting():
            raise AssertionError(f"faults that never hit: {waiting}")

    def _until(self, answer: Callable[[list[Body]], Any], seconds: float) -> Any:
        end, version, found = time.monotonic() + seconds, 0, None
        while not found and (left := end - time.monotonic()) > 0:
            version = self._order("changed", version=version, seconds=min(left, 5))
            found = answer(self.pods())
        return found

    def _mishap(self, kind: str, pod: str, **how: Any) -> None:
        self._order("mishap", kind=kind, pod=pod, **how)

    def _rights(self, word: str, account: str, namespace: str | None) -> Rights:
        held = self._order("rights", namespace=namespace or self.namespace, account=account)
        return {(verb, resource) for verb, resource in held[word]}

    def _order(self, order: str, **arguments: Any) -> Any:
        request = urllib.request.Request(f"{self._orders}/{order}", data=json.dumps(arguments).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)["answer"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{order}{arguments}: {error.read().decode()}") from error


def _named(pod: Body, name: str) -> bool:
    return re.fullmatch(name, pod["metadata"]["name"]) is not None


def _only(pods: list[Body], name: str, phase: str) -> Body | None:
    found = [pod for pod in pods if _named(pod, name)]
    fits = len(found) == 1 and re.fullmatch(phase, found[0]["status"]["phase"])
    return found[0] if fits else None


def processes(images: dict[str, list[str]], **how: Any) -> Body:
    """Run containers as processes: the entrypoint of each image, ``environment``, ``memory``."""
    return {"kind": "process", "images": images, **how}


def podman(**how: Any) -> Body:
    """Run containers with podman: its ``command``, ``environment``, ``options``."""
    return {"kind": "podman", **how}


@contextmanager
def cluster(
    *, manifests: list[Path], runner: Body, namespace: str, folder: Path | None = None
) -> Iterator[Cluster]:
    """Start a cluster from manifests, and stop it with all that runs in it."""
    with tempfile.TemporaryDirectory(prefix="fake-kubernetes-") as scratch:
        home = folder or Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        settings = {
            "manifests": [str(path) for path in manifests],
            "runner": runner,
            "folder": str(home / "pods"),
        }
        with (home / "server.log").open("wb") as log, _started(settings, log) as addresses:
            made = Cluster(addresses["url"], addresses["orders"], namespace=namespace, folder=home)
            yield made
            made.check()


@contextmanager
def _started(settings: Body, log: Any) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "tests.fake_kubernetes"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        try:
            process.stdin.write(json.dumps(settings) + "\n")
            process.stdin.flush()
            if not (line := process.stdout.readline()):
                raise RuntimeError(f"the fake cluster did not start: {Path(log.name).read_text()}")
            yield json.loads(line)
        finally:
            process.stdin.close()
            _wait(process)


def _wait(process: subprocess.Popen) -> None:
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
