"""The content service: what is asked, what is refused, and bytes going to presigned addresses."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
from typing import Any, BinaryIO

import httpx
import pytest

from run402 import Client, Exchange, errors
from run402.resources.content import ContentItem, ContentPlan
from tests.run402.gateways import BASE, Gateway, ok

PAGE = b"<h1>Guestbook</h1>"
MOVIE = bytes(range(256)) * 40
STORE = "https://storage.example"
NOW_AND_NOW = (0.0, 0.0)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def checksum(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def part(number: int, start: int, end: int, url: str = f"{STORE}/p?signature=secret") -> dict[str, Any]:
    return {"part_number": number, "byte_start": start, "byte_end": end, "url": url}


def missing(content: bytes, *parts: dict[str, Any], mode: str = "single") -> dict[str, Any]:
    return {"sha256": sha(content), "mode": mode, "parts": list(parts) or [part(1, 0, len(content) - 1)]}


def item(content: bytes) -> ContentItem:
    return ContentItem(sha(content), len(content), "text/html; charset=utf-8")


def answer(*missing_ones: dict[str, Any]) -> httpx.Response:
    return ok({"plan_id": "cplan_1", "expires_at": "2026-05-21T13:00:00Z", "missing": list(missing_ones)})


class Storage:
    """Takes parts by address, after as many failures as it was told to have."""

    def __init__(self, *failures: int, etag: bool = True) -> None:
        self.failures = list(failures)
        self.etag = etag
        self.requests: list[httpx.Request] = []
        self.lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            request.read()
            self.requests.append(request)
            if self.failures:
                return httpx.Response(self.failures.pop(0), text="<Error>secret</Error>")
            return httpx.Response(200, headers={"ETag": '"e"'} if self.etag else {})

    @property
    def taken(self) -> dict[str, bytes]:
        return {str(request.url): request.content for request in self.requests}


class Blobs:
    """Opens bytes by digest and remembers which files are still open."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {sha(content): content for content in contents}
        self.opened: list[BinaryIO] = []
        self.threads: set[int] = set()

    def __call__(self, digest: str) -> BinaryIO:
        self.threads.add(threading.get_ident())
        self.opened.append(io.BytesIO(self.contents[digest]))
        return self.opened[-1]

    @property
    def all_closed(self) -> bool:
        return all(blob.closed for blob in self.opened)


def planned(
    *missing_ones: dict[str, Any], items: tuple[bytes, ...] = (PAGE, MOVIE), base: str = BASE
) -> ContentPlan:
    client = Gateway(answer(*missing_ones)).client(base_url=base)
    return client.content.plan([item(content) for content in items], anon_key="anon")


def storage_client(storage: Storage, **options: Any) -> Client:
    return Client(BASE, transport=httpx.MockTransport(storage), **options)


def test_offer_names_digest_size_and_type() -> None:
    gateway = Gateway(answer())
    plan = gateway.client().content.plan([item(PAGE), ContentItem("ab", 0)], anon_key="anon")
    assert gateway.sent == {
        "content": [
            {"sha256": sha(PAGE), "size": 18, "content_type": "text/html; charset=utf-8"},
            {"sha256": "ab", "size": 0},
        ]
    }
    assert (plan.plan_id, plan.missing) == ("cplan_1", ())


def test_commit_names_the_plan_with_an_empty_body() -> None:
    gateway = Gateway(answer(), ok({}))
    client = gateway.client()
    client.content.commit(client.content.plan([], anon_key="anon"), anon_key="anon")
    assert (gateway.last.url.path, gateway.sent) == ("/content/v1/plans/cplan_1/commit", {})


def test_upload_addresses_are_not_printed() -> None:
    assert "secret" not in repr(planned(missing(PAGE)))


def test_single_part_goes_with_its_length_and_checksum_and_no_credential() -> None:
    storage, blobs = Storage(), Blobs(PAGE)
    with storage_client(storage) as client:
        client.content.upload(planned(missing(PAGE)), blobs)
    (request,) = storage.requests
    assert (request.method, request.content) == ("PUT", PAGE)
    assert request.headers["content-length"] == "18"
    assert request.headers["x-amz-checksum-sha256"] == checksum(PAGE)
    assert {"authorization", "apikey", "sign-in-with-x", "transfer-encoding"}.isdisjoint(request.headers)
    assert blobs.all_closed


def test_checksum_in_the_address_is_not_repeated_in_a_header() -> None:
    storage = Storage()
    url = f"{STORE}/p?X-Amz-Checksum-SHA256=abc"
    with storage_client(storage) as client:
        client.content.upload(planned(missing(PAGE, part(1, 0, 17, url))), Blobs(PAGE))
    assert "x-amz-checksum-sha256" not in storage.requests[0].headers
    assert str(storage.requests[0].url) == url


def test_parts_of_a_large_object_carry_their_own_checksums_and_report_progress() -> None:
    storage, blobs, progress = Storage(), Blobs(MOVIE), []
    size = len(MOVIE)
    plan = planned(
        missing(
            MOVIE, part(2, 4000, size - 1, f"{STORE}/2"), part(1, 0, 3999, f"{STORE}/1"), mode="multipart"
        )
    )
    with storage_client(storage) as client:
        client.content.upload(plan, blobs, on_part=lambda *seen: progress.append(seen), parallel=1)
    assert storage.taken == {f"{STORE}/1": MOVIE[:4000], f"{STORE}/2": MOVIE[4000:]}
    assert [request.headers["x-amz-checksum-sha256"] for request in storage.requests] == [
        checksum(MOVIE[:4000]),
        checksum(MOVIE[4000:]),
    ]
    assert progress == [(sha(MOVIE), 4000, size), (sha(MOVIE), size, size)]


def test_many_objects_arrive_and_callbacks_stay_in_the_calling_thread() -> None:
    contents = [f"page {number}".encode() for number in range(50)]
    storage, blobs, threads = Storage(), Blobs(*contents), set()
    offered = [
        missing(content, part(1, 0, len(content) - 1, f"{STORE}/{sha(content)}")) for content in contents
    ]
    seen: list[Exchange] = []
    with storage_client(storage, on_exchange=seen.append) as client:
        client.content.upload(
            planned(*offered, items=tuple(contents)),
            blobs,
            on_part=lambda *_: threads.add(threading.get_ident()),
        )
    assert storage.taken == {f"{STORE}/{sha(content)}": content for content in contents}
    assert blobs.threads | threads == {threading.get_ident()}
    assert blobs.all_closed
    assert {(exchange.path, exchange.status) for exchange in seen} == {(STORE, 200)}
    assert (len(seen), sum(exchange.sent_bytes for exchange in seen)) == (50, sum(map(len, contents)))


def test_empty_file_is_one_empty_part() -> None:
    storage = Storage()
    with storage_client(storage) as client:
        client.content.upload(planned(missing(b"", part(1, 0, -1)), items=(b"",)), Blobs(b""))
    assert [(request.content, request.headers["content-length"]) for request in storage.requests] == [
        (b"", "0")
    ]


@pytest.mark.parametrize("failures", [[403], [500, 503], [403, 429]])
def test_part_is_tried_again_where_that_may_help(failures: list[int]) -> None:
    storage = Storage(*failures)
    seen: list[Exchange] = []
    with storage_client(storage, on_exchange=seen.append) as client:
        client.content.upload(planned(missing(PAGE)), Blobs(PAGE), retry_delays=NOW_AND_NOW)
    assert [exchange.status for exchange in seen] == [*failures, 200]
    assert [request.content for request in storage.requests] == [PAGE] * (len(failures) + 1)


@pytest.mark.parametrize(("failures", "tries"), [([400], 1), ([503, 503, 503], 3)])
def test_refused_part_is_an_error_without_the_storages_words(failures: list[int], tries: int) -> None:
    storage, blobs = Storage(*failures), Blobs(PAGE)
    with storage_client(storage) as client, pytest.raises(errors.ApiError) as refused:
        client.content.upload(planned(missing(PAGE)), blobs, retry_delays=NOW_AND_NOW)
    assert (refused.value.code, refused.value.safe_to_retry) == ("CONTENT_UPLOAD_FAILED", True)
    assert "secret" not in str(refused.value.envelope())
    assert (len(storage.requests), blobs.all_closed) == (tries, True)


def test_after_a_failure_no_further_part_begins_and_every_request_was_reported() -> None:
    contents = [f"page {number}".encode() for number in range(20)]
    storage = Storage(400)
    seen: list[Exchange] = []
    offered = [missing(content, part(1, 0, len(content) - 1)) for content in contents]
    with storage_client(storage, on_exchange=seen.append) as client, pytest.raises(errors.ApiError):
        client.content.upload(planned(*offered, items=tuple(contents)), Blobs(*contents), parallel=2)
    assert len(storage.requests) == len(seen) < 20


def test_what_a_callback_raises_ends_the_upload() -> None:
    def cancel(digest: str, done: int, size: int) -> None:
        raise RuntimeError("cancelled")

    storage, blobs = Storage(), Blobs(PAGE, MOVIE)
    with storage_client(storage) as client, pytest.raises(RuntimeError, match="cancelled"):
        client.content.upload(planned(missing(PAGE), missing(MOVIE)), blobs, on_part=cancel, parallel=1)
    assert (len(storage.requests), blobs.all_closed) == (1, True)


def test_file_that_became_shorter_is_an_error_of_ours() -> None:
    blobs = Blobs(PAGE)
    blobs.contents[sha(PAGE)] = PAGE[:5]
    with (
        storage_client(Storage()) as client,
        pytest.raises(errors.Run402Error, match="shorter than") as raised,
    ):
        client.content.upload(planned(missing(PAGE)), blobs, retry_delays=NOW_AND_NOW)
    assert raised.value.code == "CONTENT_UPLOAD_FAILED"


def test_multipart_without_etag_is_a_bad_answer() -> None:
    plan = planned(missing(PAGE, part(1, 0, 8), part(2, 9, 17), mode="multipart"))
    with storage_client(Storage(etag=False)) as client, pytest.raises(errors.BadAnswer, match="ETag"):
        client.content.upload(plan, Blobs(PAGE))


@pytest.mark.parametrize(
    "asked",
    [
        missing(b"bytes of somebody else"),
        missing(PAGE, part(1, 0, 16)),
        missing(PAGE, part(1, 0, 18)),
        missing(PAGE, part(1, 1, 17)),
        missing(PAGE, part(1, 0, 8), part(2, 9, 17)),
        missing(PAGE, part(1, 0, 8), part(2, 8, 17), mode="multipart"),
        missing(PAGE, part(1, -5, 17)),
        missing(PAGE, part(1, 5, 0)),
        {"sha256": sha(PAGE), "mode": "single", "parts": []},
        {"sha256": sha(PAGE), "mode": "single", "parts": "all"},
        {"mode": "single"},
    ],
)
def test_request_for_other_bytes_than_offered_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(errors.BadAnswer):
        planned(asked)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://storage.example/x",
        "http://storage.example/x",
        "/relative",
        "https://",
        "https://alice:secret@storage.example/x",
        "https://[::1/",
        5,
    ],
)
def test_upload_address_that_is_not_plain_https_is_refused(url: Any) -> None:
    with pytest.raises(errors.BadAnswer):
        planned(missing(PAGE, part(1, 0, 17, url)))


def test_plain_http_storage_is_fine_for_a_gateway_that_speaks_plain_http() -> None:
    url = "http://storage.localhost:9000/x"
    plan = planned(missing(PAGE, part(1, 0, 17, url)), base="http://sandbox.localhost:8402")
    assert str(plan.missing[0].parts[0].url) == url
