"""The content service: say which bytes there are, upload what is missing, commit (contract: apply 2.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

import httpx

from run402 import reading
from run402.errors import BadAnswer
from run402.reading import Document
from run402.resources.uploads import Part, PartUpload, read_part, run_all
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
    """Bytes the gateway lacks, and the parts it wants them in; their addresses are signed and not printed.

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
    >>> answer = {"plan_id": "cplan_1", "missing": []}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> client.content.plan([], anon_key="anon").missing
    ()
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def plan(self, items: Sequence[ContentItem], *, anon_key: str) -> ContentPlan:
        """Ask which of ``items`` the gateway lacks. Raises BadAnswer when it wants bytes nobody offered."""
        body = {"content": [_offer(item) for item in items]}
        call = json_call("POST", "/content/v1/plans", body, headers=anon(anon_key))
        return self._wire.read(call, lambda doc: read_content_plan(doc, items, self._wire.base_url))

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
        calling thread. After a failure, or when a callback raises, no further part is begun and the running
        ones end first.
        """
        uploads = [
            PartUpload(self._wire, missing.sha256, part, missing.multipart, tuple(retry_delays))
            for missing in plan.missing
            for part in missing.parts
        ]
        sizes = {missing.sha256: missing.size for missing in plan.missing}
        sent = dict.fromkeys(sizes, 0)
        with closing(run_all(uploads, open_blob, parallel=parallel)) as finished:
            for upload in finished:
                sent[upload.sha256] += upload.part.size
                if on_part is not None:
                    on_part(upload.sha256, sent[upload.sha256], sizes[upload.sha256])

    def commit(self, plan: ContentPlan, *, anon_key: str) -> None:
        """Tell the gateway that everything was uploaded."""
        path = route("/content/v1/plans/{}/commit", plan.plan_id)
        self._wire.fetch(json_call("POST", path, {}, headers=anon(anon_key)))


def read_content_plan(doc: Document, items: Sequence[ContentItem], base_url: str) -> ContentPlan:
    """The plan for ``items`` that the gateway at ``base_url`` made. Raises BadAnswer for one we do not follow."""
    sizes = {item.sha256: item.size for item in items}
    return ContentPlan(
        plan_id=reading.need_text(doc, "plan_id"),
        expires_at=reading.moment(doc, "expires_at"),
        missing=tuple(_missing(item, sizes, base_url) for item in reading.documents(doc, "missing")),
        raw=doc,
    )


def _offer(item: ContentItem) -> dict[str, Any]:
    offer: dict[str, Any] = {"sha256": item.sha256, "size": item.size}
    return offer | ({"content_type": item.content_type} if item.content_type else {})


def _missing(doc: Document, sizes: dict[str, int], base_url: str) -> MissingObject:
    sha256, mode = reading.need_text(doc, "sha256"), reading.text(doc, "mode")
    if sha256 not in sizes:
        raise BadAnswer("The gateway asks for bytes that nobody offered.", details={"sha256": sha256[:64]})
    secure = httpx.URL(base_url).scheme == "https"
    unsorted = (read_part(item, secure=secure) for item in reading.documents(doc, "parts"))
    parts = tuple(sorted(unsorted, key=lambda part: part.number))
    if not _cover(parts, sizes[sha256]) or (mode == "single" and len(parts) != 1):
        raise BadAnswer("The parts that the gateway asks for do not make up the bytes.")
    return MissingObject(sha256, sizes[sha256], parts, multipart=mode == "multipart" or len(parts) > 1)


def _cover(parts: Sequence[Part], size: int) -> bool:
    """Whether the parts, in their order, are exactly the bytes 0 to ``size``, each once."""
    position = 0
    for part in parts:
        if part.start != position or (part.size == 0 and size > 0):
            return False
        position += part.size
    return position == size
