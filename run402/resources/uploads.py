"""Putting one part at its presigned address: the address is the permission, no credential of ours goes there."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

import httpx

from run402 import errors, reading
from run402.answers import Answer
from run402.reading import Document
from run402.wire import Exchange, Wire

CHUNK_BYTES = 256 * 1024
CHECKSUM_HEADER = "x-amz-checksum-sha256"
_RETRIED_STATUS = frozenset({403, 408, 429})


@dataclass(frozen=True)
class Part:
    """A range of bytes and the address it goes to; ``size`` may be zero for an empty file.

    >>> Part(1, 0, 5, httpx.URL("https://storage.example/x")).size
    5
    """

    number: int
    start: int
    size: int
    url: httpx.URL = field(repr=False)


class PartUpload:
    """One part on its way, with its retries. ``run`` works in a thread; the rest is read afterwards.

    >>> PartUpload.__slots__
    ('_delays', '_multipart', '_wire', 'error', 'exchanges', 'part', 'sha256')
    """

    __slots__ = ("_delays", "_multipart", "_wire", "error", "exchanges", "part", "sha256")

    def __init__(
        self, wire: Wire, sha256: str, part: Part, multipart: bool, delays: tuple[float, ...]
    ) -> None:
        self._wire = wire
        self.part = part
        self._multipart = multipart
        self.sha256 = sha256
        self._delays = delays
        self.exchanges: list[Exchange] = []
        self.error: errors.Run402Error | None = None

    def run(self, blob: BinaryIO) -> PartUpload:
        """Send the part, and again after each delay while that may help. Closes ``blob``; keeps the last error."""
        with blob:
            headers = self._headers(blob)
            for delay in (*self._delays, None):
                self.error = self._attempt(blob, headers)
                if self.error is None or not self.error.retryable or delay is None:
                    return self
                time.sleep(delay)
        return self

    def report(self) -> None:
        """Report what was sent, each try once."""
        for exchange in self.exchanges:
            self._wire.report(exchange)

    def _attempt(self, blob: BinaryIO, headers: dict[str, str]) -> errors.Run402Error | None:
        part = self.part
        request = self._wire.build("PUT", part.url, headers=headers, content=read_range(blob, part))
        origin = f"{part.url.scheme}://{part.url.netloc.decode('ascii')}"
        exchange = self._wire.begun("PUT", origin, part.size)
        try:
            answer, done = self._wire.perform(request, exchange)
        except errors.Run402Error as error:  # the file turned out to be shorter than it was said to be
            return error
        self.exchanges.append(done)
        return self._failure(answer)

    def _headers(self, blob: BinaryIO) -> dict[str, str]:
        """Storage answers 403 when the address already carries the checksum and a header repeats it."""
        headers = {"Content-Length": str(self.part.size)}
        if CHECKSUM_HEADER not in {name.lower() for name in self.part.url.params}:
            digest = _digest(blob, self.part) if self._multipart else bytes.fromhex(self.sha256)
            headers[CHECKSUM_HEADER] = base64.b64encode(digest).decode("ascii")
        return headers

    def _failure(self, answer: Answer | errors.TransportError) -> errors.Run402Error | None:
        if isinstance(answer, errors.TransportError):
            answer.safe_to_retry = True  # the same bytes at the same address
            return answer
        if answer.ok:
            return self._without_etag(answer)
        retryable = answer.status in _RETRIED_STATUS or answer.status >= 500
        return errors.ApiError(
            f"The storage refused a part of the content (HTTP {answer.status}).",
            code="CONTENT_UPLOAD_FAILED",
            retryable=retryable,
            safe_to_retry=True,
            details={"sha256": self.sha256, "part_number": self.part.number},
            status=answer.status,
            body=answer.body if isinstance(answer.body, dict) else None,
        )

    def _without_etag(self, answer: Answer) -> errors.BadAnswer | None:
        if not self._multipart or "etag" in answer.headers:
            return None
        return errors.BadAnswer("The storage took a part without giving its ETag.", status=answer.status)


def run_all(
    uploads: Iterable[PartUpload], open_blob: Callable[[str], BinaryIO], *, parallel: int
) -> Generator[PartUpload]:
    """Run ``uploads``, at most ``parallel`` at a time with as many files open, and yield each that succeeded.

    All but the sending happens in the calling thread. Raises the first failure once the running ones have ended.
    """
    queue = iter(uploads)
    running: set[Future[PartUpload]] = set()
    failure: errors.Run402Error | None = None
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        while True:
            for upload in islice(queue, parallel - len(running) if failure is None else 0):
                running.add(pool.submit(upload.run, open_blob(upload.sha256)))
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for upload in (future.result() for future in done):
                upload.report()
                failure = failure or upload.error
                if upload.error is None:
                    yield upload
    if failure is not None:
        raise failure


def read_part(doc: Document, *, secure: bool) -> Part:
    """A part as the gateway describes it; ``byte_end`` is inclusive. ``secure``: the gateway speaks https."""
    start = reading.need_number(doc, "byte_start")
    size = reading.need_number(doc, "byte_end") - start + 1
    if start < 0 or size < 0:
        raise errors.BadAnswer("The gateway asks for a range of bytes that cannot be.")
    return Part(reading.need_number(doc, "part_number"), start, size, _address(doc, secure=secure))


def read_range(blob: BinaryIO, part: Part) -> Iterator[bytes]:
    """The part's bytes in chunks. Raises Run402Error when the file ends too early."""
    blob.seek(part.start)
    left = part.size
    while left:
        chunk = blob.read(min(CHUNK_BYTES, left))
        if not chunk:
            raise errors.Run402Error(
                "A stored file is shorter than it was when the release was planned.",
                code="CONTENT_UPLOAD_FAILED",
            )
        left -= len(chunk)
        yield chunk


def _digest(blob: BinaryIO, part: Part) -> bytes:
    digest = hashlib.sha256()
    for chunk in read_range(blob, part):
        digest.update(chunk)
    return digest.digest()


def _address(doc: Document, *, secure: bool) -> httpx.URL:
    """Another origin is fine, another protocol is not: http(s) only, and no step down from https."""
    try:
        url = httpx.URL(reading.need_text(doc, "url"))
    except httpx.InvalidURL as error:
        raise errors.BadAnswer("The gateway gave an upload address that is not a URL.") from error
    if url.scheme not in (("https",) if secure else ("http", "https")) or not url.host or url.userinfo:
        raise errors.BadAnswer("The gateway gave an upload address that we do not send anything to.")
    return url
