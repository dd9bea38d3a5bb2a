"""The content service: say which bytes there are, upload what is missing, commit (contract: apply 2.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

import httpx

from run402 import reading
from run402.errors import BadAnswer
from run402.reading import Document
from run402.resources.uploads import Part, PartUpload, read_part
from run402.routes import anon, route
from run402.wire import Wire, json_call

RETRY_DELAYS = (1.0, 2.0)


@dataclass(frozen=True)
class ContentItem:
    """Bytes on offer. ``sha256`` is lower-case hex, ``size`` in bytes.

    >>> ContentItem("00" * 32, 5, "text/css; charset=utf-8").size
    5
    """

    sha256: str
    size: int
    content_type: str | None = None


@dataclass(frozen=True)
class MissingObject:
    """Bytes the gateway lacks, and the parts it wants them in; the parts' addresses are signed and not printed.

    >>> MissingObject("00" * 32, 5, ()).multipart
    False
    """

    sha256: str
    size: int
    parts: tuple[Part, ...] = field(repr=False)
    multipart: bool = False


@dataclass(frozen=True)
class ContentPlan:
    """What to upload. With nothing ``missing`` neither upload nor commit is needed.

    >>> ContentPlan("cplan_1", None, (), {}).missing
    ()
    """

    plan_id: str
    expires_at: datetime | None
    missing: tuple[MissingObject, ...]
    raw: Document = field(repr=False)


class ContentResource:
    """``client.content``.

    >>> from run402 import Client
    >>> Client("https://api.run402.com").content.plan  # doctest: +ELLIPSIS
    <bound method ContentResource.plan ...>
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def plan(self, items: Sequence[ContentItem], *, anon_key: str) -> ContentPlan:
        """Ask which of ``items`` the gateway lacks. Raises BadAnswer when it asks for bytes nobody offered."""
        body = {"content": [_offer(item) for item in items]}
        doc = self._wire.fetch(
            json_call("POST", "/content/v1/plans", body, headers=anon(anon_key))
        ).document()
        sizes = {item.sha256: item.size for item in items}
        return ContentPlan(
            plan_id=reading.need_text(doc, "plan_id"),
            expires_at=reading.moment(doc, "expires_at"),
            missing=tuple(
                _missing(item, sizes, self._wire.base_url) for item in reading.documents(doc, "missing")
            ),
            raw=doc,
        )

    def upload(
        self,
        plan: ContentPlan,
        open_blob: Callable[[str], BinaryIO],
        *,
        parallel: int = 4,
        on_part: Callable[[str, int, int], None] | None = None,
        retry_delays: Sequence[float] = RETRY_DELAYS,
    ) -> None:
        """Send every missing part, ``parallel`` at a time, streamed; a part is tried again after ``retry_delays``.

        ``open_blob`` gets a digest and returns a fresh seekable file, which is closed here. ``on_part`` gets
        the digest, the bytes of it sent so far, and its size. Both, and ``on_exchange``, are called in the
        calling thread. The first failure, or what a callback raises, ends the upload once the running parts
        have ended.
        """
        queue = iter([(missing, part) for missing in plan.missing for part in missing.parts])
        progress = _Progress(on_part)
        with ThreadPoolExecutor(max_workers=parallel) as pool:
            running: dict[Future[PartUpload], tuple[MissingObject, Part]] = {}
            while True:
                for missing, part in islice(queue, parallel - len(running)):
                    upload = PartUpload(
                        self._wire,
                        missing.sha256,
                        part,
                        multipart=missing.multipart,
                        delays=tuple(retry_delays),
                    )
                    running[pool.submit(upload.run, open_blob(missing.sha256))] = (missing, part)
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    self._finish(future.result())
                    progress.add(*running.pop(future))

    def commit(self, plan: ContentPlan, *, anon_key: str) -> None:
        """Tell the gateway that everything was uploaded."""
        path = route("/content/v1/plans/{}/commit", plan.plan_id)
        self._wire.fetch(json_call("POST", path, {}, headers=anon(anon_key)))

    def _finish(self, upload: PartUpload) -> None:
        for exchange in upload.exchanges:
            self._wire.report(exchange)
        if upload.error is not None:
            raise upload.error


class _Progress:
    def __init__(self, on_part: Callable[[str, int, int], None] | None) -> None:
        self._on_part = on_part
        self._sent: dict[str, int] = {}

    def add(self, missing: MissingObject, part: Part) -> None:
        sent = self._sent[missing.sha256] = self._sent.get(missing.sha256, 0) + part.size
        if self._on_part is not None:
            self._on_part(missing.sha256, sent, missing.size)


def _offer(item: ContentItem) -> dict[str, Any]:
    offer: dict[str, Any] = {"sha256": item.sha256, "size": item.size}
    return offer | ({"content_type": item.content_type} if item.content_type else {})


def _missing(doc: Document, sizes: dict[str, int], base_url: str) -> MissingObject:
    sha256 = reading.need_text(doc, "sha256")
    if sha256 not in sizes:
        raise BadAnswer("The gateway asks for bytes that nobody offered.", details={"sha256": sha256[:64]})
    secure = httpx.URL(base_url).scheme == "https"
    parts = sorted((read_part(item, secure=secure) for item in reading.documents(doc, "parts")), key=_number)
    multipart = reading.text(doc, "mode") == "multipart" or len(parts) > 1
    size = sizes[sha256]
    if not _cover(iter(parts), size) or (reading.text(doc, "mode") == "single" and len(parts) != 1):
        raise BadAnswer(
            "The parts that the gateway asks for do not make up the bytes.", details={"sha256": sha256}
        )
    return MissingObject(sha256, size, tuple(parts), multipart)


def _number(part: Part) -> int:
    return part.number


def _cover(parts: Iterator[Part], size: int) -> bool:
    """Whether the parts, in their order, are exactly the bytes 0 to ``size``, each once."""
    position = 0
    for part in parts:
        if part.start != position or (part.size == 0 and size > 0):
            return False
        position += part.size
    return position == size
