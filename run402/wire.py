"""The one place that talks HTTP: sends a call, reads the answer whole, and reports the exchange.

Nothing here retries, follows a redirect, reads the environment or keeps a cookie.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar

import httpx

from run402 import errors, jsontext, siwx
from run402.answers import Answer
from run402.errors import READ_METHODS
from run402.generations import Memory, either
from run402.reading import Document
from run402.signers import Signer
from run402.spec.values import Dialect
from run402.transport import LocalhostTransport

T = TypeVar("T")

MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_ANSWER_SECONDS = 120.0  # for the whole body: a read timeout alone would let a trickle go on for ever
DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_SENTENCES: dict[type[Exception], str] = {
    httpx.ConnectError: "The gateway cannot be reached",
    httpx.ConnectTimeout: "The gateway did not accept the connection in time",
    httpx.ReadTimeout: "The gateway did not answer in time",
}
# Python's resolver raises the first for a host, and its sockets the second for a port, that cannot be.
_NO_SUCH_PLACE = (UnicodeError, OverflowError)
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    *_NO_SUCH_PLACE,
)


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it, for request lists. Holds no header, body or credential.

    ``path`` is the gateway's path with its query; for another origin only that origin. ``at`` is a unix time.
    ``status`` is None when no answer arrived; ``retry_after`` are the seconds that a 429 or 503 asked to wait.

    >>> Exchange("GET", "/tiers/v1", 200, 12, None, None, 0, 512, 1779364800.0).status
    200
    """

    method: str
    path: str
    status: int | None
    milliseconds: int
    trace_id: str | None
    idempotency_key: str | None
    sent_bytes: int
    received_bytes: int
    at: float
    retry_after: float | None = None


@dataclass(frozen=True)
class Call:
    """A request to the gateway, complete but for the headers that must be fresh each time it is sent.

    >>> json_call("POST", "/tiers/v1/hobby", {}, sign_in=True).method
    'POST'
    """

    method: str
    path: str
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sign_in: bool = False
    idempotency_key: str | None = None
    key_in_body: bool = False

    def with_headers(self, headers: Mapping[str, str]) -> Call:
        return replace(self, headers={**self.headers, **headers})


def json_call(
    method: str,
    path: str,
    document: Any,
    *,
    headers: Mapping[str, str] | None = None,
    sign_in: bool = False,
    idempotency_key: str | None = None,
    key_in_body: bool = False,
) -> Call:
    """A call with a JSON body, whose bytes are made once: a repeated call is the same to the last byte.

    With ``key_in_body`` the document holds the idempotency key already, and no header repeats it.
    """
    typed = {"Content-Type": "application/json", **(headers or {})}
    return Call(method, path, jsontext.dumps(document), typed, sign_in, idempotency_key, key_in_body)


class Wire:
    """A connection pool to one gateway, with the signer that signs in there. ``Client`` makes one.

    >>> from run402 import Client
    >>> Client("https://api.run402.com/").base_url
    'https://api.run402.com'
    """

    def __init__(
        self,
        base_url: str,
        *,
        signer: Signer | None,
        transport: httpx.BaseTransport | None,
        timeout: httpx.Timeout | float,
        on_exchange: Callable[[Exchange], None] | None,
        clock: Callable[[], float],
        dialect: Dialect,
        memory: Memory,
    ) -> None:
        self.base_url = checked_base_url(base_url)
        self.signer = signer
        self.clock = clock
        self.dialect = dialect
        self._memory = memory
        self._on_exchange = on_exchange
        self._http = httpx.Client(
            transport=transport or LocalhostTransport(),
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def close(self) -> None:
        self._http.close()

    def fetch(self, call: Call) -> Answer:
        """Send, and raise the error that an answer outside the 200s means."""
        return self.send(call).require_ok()

    def read(self, call: Call, reader: Callable[[Document], T]) -> T:
        """Send, and read the JSON object that the contract promises."""
        return self.fetch(call).read(reader)

    def either(self, feature: str, *, new: Callable[[], T], old: Callable[[], T]) -> T:
        """What ``new`` gives, or ``old`` at a gateway that does not have it yet; see ``generations``."""
        return either(self._memory, self.base_url, feature, new=new, old=old)

    def send(self, call: Call) -> Answer:
        """Send once and return the answer whatever its status. Raises TransportError."""
        url = self.base_url + call.path
        request = self._http.build_request(
            call.method, url, content=call.body, headers=self._headers(call, url)
        )
        size = len(call.body or b"")
        answer, exchange = self.perform(
            request, self.begun(call.method, call.path, size, idempotency_key=call.idempotency_key)
        )
        self.report(exchange)
        if isinstance(answer, errors.TransportError):
            raise answer
        return answer

    def build(self, method: str, url: str | httpx.URL, **options: Any) -> httpx.Request:
        """A bare request to any http(s) address: none of our credentials are on it."""
        return self._http.build_request(method, url, **options)

    def begun(self, method: str, path: str, size: int, *, idempotency_key: str | None = None) -> Exchange:
        """The exchange of a request that is about to be sent; ``perform`` completes it."""
        return Exchange(method, path, None, 0, None, idempotency_key, size, 0, self.clock())

    def perform(
        self, request: httpx.Request, exchange: Exchange
    ) -> tuple[Answer | errors.TransportError, Exchange]:
        """Send a built request and fill in its exchange, without reporting it (safe in any thread)."""
        started = time.monotonic()
        answer: Answer | errors.TransportError
        received = 0
        try:
            response = self._http.send(request, stream=True)
            try:
                answer = _answer(request, response, b"".join(_within_limits(response.iter_bytes(), started)))
            finally:
                received = response.num_bytes_downloaded
                response.close()
        except errors.TransportError as error:
            answer = error.after(request.method)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, *_NO_SUCH_PLACE) as error:
            answer = transport_error(error, request.method)
        return answer, _finished(exchange, answer, started, received)

    def report(self, exchange: Exchange) -> None:
        if self._on_exchange is not None:
            self._on_exchange(exchange)

    def _headers(self, call: Call, url: str) -> dict[str, str]:
        headers = dict(call.headers)
        if call.idempotency_key is not None and not call.key_in_body:
            headers["Idempotency-Key"] = call.idempotency_key
        if call.sign_in and self.signer is not None and self.dialect == "cloud":  # Core knows no sign-in
            issued_at = datetime.fromtimestamp(self.clock(), UTC) - siwx.BACKDATE
            headers[siwx.HEADER] = siwx.header(self.signer, url, issued_at=issued_at)
        return headers


def checked_base_url(base_url: str) -> str:
    """The base without trailing slashes. Raises ValueError for anything but an absolute http(s) address."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ValueError("The gateway's address is not a valid URL.") from error
    if not base_url.isascii() or not base_url.isprintable():
        raise ValueError("The gateway's address must be plain ASCII; write an international name as xn--….")
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("The gateway's address must start with http:// or https:// and name a host.")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("The gateway's address must hold no password, query or fragment.")
    return base_url.rstrip("/")


def transport_error(error: Exception, method: str) -> errors.TransportError:
    """What went wrong, in a sentence that repeats nothing the request contained."""
    if isinstance(error, httpx.DecodingError):
        return errors.BadAnswer("The answer could not be decompressed.").after(method)
    left = not isinstance(error, _NEVER_LEFT)
    harmless = not left or method in READ_METHODS
    kind = errors.TimedOut if isinstance(error, httpx.TimeoutException) else errors.NetworkError
    sentence = _SENTENCES.get(type(error), "The connection to the gateway failed")
    return kind(
        f"{sentence} ({type(error).__name__}).",
        retryable=True,
        safe_to_retry=harmless,
        mutation_state="unknown" if not harmless else "none" if left else "not_started",
    )


def _answer(request: httpx.Request, response: httpx.Response, content: bytes) -> Answer:
    signed_in = siwx.HEADER in request.headers
    return Answer(request.method, response.status_code, response.headers, content, signed_in)


def _within_limits(chunks: Iterator[bytes], started: float) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise errors.BadAnswer(f"The answer is larger than {MAX_ANSWER_BYTES // 1024 // 1024} MiB.")
        if time.monotonic() - started > MAX_ANSWER_SECONDS:
            raise errors.TimedOut("The answer did not end in time.", retryable=True)
        yield chunk


def _finished(
    exchange: Exchange, answer: Answer | errors.TransportError, started: float, received: int
) -> Exchange:
    return replace(
        exchange,
        status=answer.status,
        milliseconds=round((time.monotonic() - started) * 1000),
        trace_id=answer.trace_id,
        received_bytes=received,
        retry_after=answer.retry_after,
    )
