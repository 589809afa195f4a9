"""Holds a long file against its ETag and its second pass against its first; reads again what does not fit."""

import hashlib
from collections.abc import Sequence

from nightlabel.errors import QuarantineError
from nightlabel.label import etags
from nightlabel.label.fetch import fetch
from nightlabel.label.longfile import LongFile
from nightlabel.label.papers import damaged
from nightlabel.label.requests import Answer, Request
from nightlabel.store import Store

_READS = 5  # of a file, or of a part of one, whose bytes are not those that they should be


class Again:
    """Passes the parts of long files on, one file after the other, once they are what they should be.

    Args:
        lake: The lake.
    """

    def __init__(self, lake: Store) -> None:
        self._lake = lake
        self._requests = list[Request]()
        self._lengths: tuple[int, ...] = ()
        self._looked, self._taken = _Parts(), _Parts()

    def look(self, long: LongFile, request: Request, answer: Answer) -> None:
        """Look at a part; behind the last one at the whole file again, until it is the one of its ETag.

        Raises:
            UnavailableError: ``NL-B007``, it never is.
        """
        if not request.start:
            self._begin(long)
        self._requests.append(request)
        self._pass_on(long, request, answer)
        if request.end < long.file.size or self._looked.fit(long.file.version):
            return
        if not self._lake.keyed(long.file.source):
            self._look_again(long)

    def _begin(self, long: LongFile) -> None:
        file, self._requests = long.file, []
        number = etags.upload_parts(file.version)
        lengths = self._lake.upload(file.source, number) if number else ()
        self._lengths = lengths if sum(lengths) == file.size else ()

    def taken(self, request: Request, answer: Answer) -> Answer:
        """Give a part that is to be taken as it was when it was looked at.

        Raises:
            UnavailableError: ``NL-B007``, it never comes so again.
        """
        for _ in range(_READS):
            if self._taken.follow(self._looked, answer):
                return answer
            ((answer,),) = fetch(self._lake, [[request]])
        raise damaged(request.file.source, f"the part at byte {request.start} comes otherwise than before")

    def _pass_on(self, long: LongFile, request: Request, answer: Answer) -> None:
        if not request.start:
            self._looked, self._taken = _Parts(self._lengths), _Parts()
        self._looked.add(answer)
        long.look(request.start, answer)

    def _look_again(self, long: LongFile) -> None:
        for _ in range(_READS - 1):
            answers = fetch(self._lake, ([request] for request in self._requests))
            for request, (answer,) in zip(self._requests, answers, strict=True):
                self._pass_on(long, request, answer)
            if self._looked.fit(long.file.version):
                return
        raise damaged(long.file.source, "its bytes are others than its ETag says")


class _Parts:
    """The MD5 of a file that comes in parts, after each of them; and its ETag if it was uploaded in parts."""

    def __init__(self, lengths: Sequence[int] = ()) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._upload = etags.OfUpload(lengths) if lengths else None
        self.after = list[bytes]()
        self.missing = False

    def add(self, part: Answer) -> None:
        """Take the next part, or the fault of a file that is not there any more."""
        if isinstance(part, QuarantineError):
            self.missing = True
        else:
            self._md5.update(part)
            if self._upload:
                self._upload.add(part)
        self.after.append(self._md5.digest())

    def fit(self, version: str) -> bool:
        """Tell whether an ETag is that of all parts, or nothing can be told."""
        if self._upload and not self.missing:
            return self._upload.etag == version
        return self.missing or not etags.is_md5(version) or self._md5.hexdigest() == version

    def follow(self, other: "_Parts", part: Answer) -> bool:
        """Take the next part if it is the one that another pass had there; tell whether it is."""
        if isinstance(part, QuarantineError) or other.missing:
            return True
        tried, at = self._md5.copy(), len(self.after)
        tried.update(part)
        if tried.digest() != other.after[at]:
            return False
        self._md5 = tried
        self.after.append(tried.digest())
        return True
