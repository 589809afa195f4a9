"""What lies in the inbox, and all that ever lay there."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.soak import truth


@dataclass
class World:
    """The hands that deliver, change and delete files, and move the champion.

    Attributes:
        inbox: Version of each file that is there, by date and source.
        payloads: All bytes that were ever delivered, by source and version.
        versions: The versions of each source in the order of their delivery.
    """

    lake: object
    chance: object
    inbox: dict = field(default_factory=dict)
    payloads: dict = field(default_factory=dict)
    versions: defaultdict = field(default_factory=lambda: defaultdict(list))
    gone: set = field(default_factory=set)
    counted: Counter = field(default_factory=Counter)

    def deliver(self, date, name):
        """Put a file that is new, or changed."""
        data = truth.payload(self.chance, len(self.payloads) + 1)
        entry = self.lake.put(f"tiny/inbox/date={date}/{name}", data)
        self.inbox[date, entry.key] = entry.version
        self.payloads[entry.key, entry.version] = data
        self.versions[entry.key].append(entry.version)

    def late(self, date):
        self.counted["late files"] += 1
        self.deliver(date, f"late-{len(self.payloads)}.csv")

    def change(self, date):
        if names := self._names(date):
            self.counted["changed files"] += 1
            self.deliver(date, self.chance.choice(names))

    def delete(self, date):
        if names := self._names(date):
            self.counted["deleted files"] += 1
            key = f"tiny/inbox/date={date}/{self.chance.choice(names)}"
            self.lake.delete(key)
            del self.inbox[date, key]
            self.gone.add(key)

    def crown(self, model):
        """Make a version of the model champion."""
        self.lake.put("champion", model.encode())

    def promote(self, model):
        self.counted["promotions"] += 1
        self.crown(model)

    def age(self, source, version):
        """The place of a version among all of its source; -1 where it was never delivered."""
        return self.versions[source].index(version) if version in self.versions[source] else -1

    def allowed(self, pin):
        """What the table may hold of a pinned file: its records, or, where it changed, that it did."""
        model, data = truth.SHA256[pin.sha256], self.payloads.get((pin.source, pin.version))
        if data is None:
            return []
        allowed = [Counter(truth.rows(pin.source, pin.version, data, model))]
        if pin.source in self.gone or pin.version != self.versions[pin.source][-1]:
            allowed.append(Counter([truth.unread(pin.source, pin.version, model)]))
        return allowed

    def _names(self, date):
        return sorted(key.rpartition("/")[2] for day, key in self.inbox if day == date)
