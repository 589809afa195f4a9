"""Faults that a test scripts: answers that go wrong, and pods to which something happens."""

import re
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class RequestFault:
    """Some of the next requests that are answered otherwise.

    Attributes:
        verb: Pattern of the HTTP verb.
        path: Pattern of the path, without the query.
        times: How many requests it hits.
        skip: How many requests that match pass unharmed before.
        code: The answer; 0 leaves the answer as it is.
        lose: Close the connection: before anything is done, or when it is done and before the reply.
        delay: Seconds to wait before anything is done.
    """

    verb: str = ".*"
    path: str = ".*"
    times: int = 1
    skip: int = 0
    code: int = 0
    message: str = ""
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    lose: str = ""
    delay: float = 0
    hits: int = 0

    def hit(self, verb: str, path: str) -> bool:
        """Say whether a request is one of those, and count it."""
        if self.spent or not re.fullmatch(self.verb, verb) or not re.fullmatch(self.path, path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True

    @property
    def spent(self) -> bool:
        return self.hits >= self.times


@dataclass
class PodFault:
    """What happens to some of the next pods.

    Attributes:
        kind: What happens; one of the methods of ``tests.fake_kubernetes.client.Cluster``.
        pod: Pattern of the pod's name.
        times: How many pods it hits.
        after: Seconds from the pod's running to what happens, where it happens to a running pod.
        values: What the kind needs to know beside that.
    """

    kind: str
    pod: str = ".*"
    times: int = 1
    after: float = 0
    values: dict[str, Any] = field(default_factory=dict)
    hits: int = 0

    def hit(self, kind: str, name: str) -> bool:
        """Say whether this is to happen to a pod, and count it."""
        if self.spent or kind != self.kind or not re.fullmatch(self.pod, name):
            return False
        self.hits += 1
        return True

    @property
    def spent(self) -> bool:
        return self.hits >= self.times


class Faults:
    """All faults of a cluster, in the order in which they were scripted."""

    def __init__(self) -> None:
        self.requests: list[RequestFault] = []
        self.pods: list[PodFault] = []

    def of_request(self, verb: str, path: str) -> RequestFault | None:
        return next((fault for fault in self.requests if fault.hit(verb, path)), None)

    def of_pod(self, kind: str, name: str) -> PodFault | None:
        return next((fault for fault in self.pods if fault.hit(kind, name)), None)

    def waiting(self) -> list[dict[str, Any]]:
        """Give the faults that have not hit as often as they were to."""
        return [asdict(fault) for fault in [*self.requests, *self.pods] if not fault.spent]

    def clear(self) -> None:
        self.requests.clear()
        self.pods.clear()
