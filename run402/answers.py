"""An HTTP answer, read whole, and the error it means when it is no success (contract: identity 1.4 to 1.6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import httpx

from run402 import errors, jsontext, reading
from run402.reading import Document
from run402.x402.challenge import parse_challenge

T = TypeVar("T")

MAX_ERROR_BYTES = 256 * 1024
MAX_SENTENCE = 2000
MAX_WORD = 80
CLOCK_HINT = (
    "A gateway also answers 402 when it does not accept the wallet's sign-in: "
    "check that this machine's clock is right."
)
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*")
# PostgREST passes PostgreSQL's own codes on: five characters, or PGRST and a number.
_POSTGRES = re.compile(r"[0-9A-Z]{5}|PGRST[0-9A-Z]+")
DATABASE = "database"
_RETRYABLE_STATUS = frozenset({408, 425, 429})
_CLASSES: dict[int, type[errors.ApiError]] = {
    401: errors.Unauthorized,
    402: errors.PaymentRequired,
    403: errors.Unauthorized,
    404: errors.NotFound,
    409: errors.Conflict,
    410: errors.NotFound,
    412: errors.Conflict,
    429: errors.RateLimited,
}


@dataclass(frozen=True)
class Answer:
    """What came back for one request; ``content`` is already decompressed and within the size limit.

    >>> Answer("GET", 200, httpx.Headers(), b'{"tier": null}').body
    {'tier': None}
    """

    method: str
    status: int
    headers: httpx.Headers = field(repr=False)
    content: bytes = field(repr=False)
    signed_in: bool = False

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def reads(self) -> bool:
        """Whether the request could not have changed anything."""
        return self.method in errors.READ_METHODS

    @cached_property
    def body(self) -> Any:
        """The JSON value, else the text, else None when there is nothing; never raises."""
        if not self.content:
            return None
        try:
            return jsontext.loads(self.content)
        except ValueError:
            return self.content.decode("utf-8", "replace")

    @property
    def trace_id(self) -> str | None:
        """The gateway's own id of this request, from an error body or the header."""
        body = self.body if not self.ok else None
        traced = _text(errors.flat(body), "trace_id", "request_id")
        return traced or self.headers.get("x-run402-request-id", "")[:MAX_WORD] or None

    @property
    def retry_after(self) -> float | None:
        """The seconds that a 429 or 503 asks to wait."""
        return _retry_after(errors.flat(self.body), self.headers) if self.status in (429, 503) else None

    def read(self, reader: Callable[[Document], T]) -> T:
        """What ``reader`` makes of the body, which must be a JSON object. Raises BadAnswer."""
        try:
            return reader(self._document())
        except errors.BadAnswer as error:
            raise error.after(self.method, status=self.status, trace_id=self.trace_id) from None

    def _document(self) -> Document:
        body = self.body
        if isinstance(body, dict):
            return body
        preview = body[: errors.PREVIEW_CHARACTERS] if isinstance(body, str) else None
        raise errors.BadAnswer("The gateway's answer is not a JSON object.", body=preview)

    def require_ok(self) -> Answer:
        """Itself, or the error it means."""
        if self.ok:
            return self
        raise api_error(self)


def api_error(answer: Answer) -> errors.ApiError:
    """The typed error for an answer outside the 200s. What the body says wins over what the status suggests.

    A 402 brings its challenge; without one, on a call that signed in, a hint that the sign-in may be what was
    wrong.
    """
    error = _typed(answer)
    if isinstance(error, errors.PaymentRequired):
        error.challenge = parse_challenge(answer.headers, answer.content)
        if answer.signed_in and error.challenge is None and error.code == error.default_code:
            error.hint = f"{error.hint} {CLOCK_HINT}" if error.hint else CLOCK_HINT
    return error


def _typed(answer: Answer) -> errors.ApiError:
    body = answer.body if len(answer.content) <= MAX_ERROR_BYTES else _preview(answer)
    doc = errors.flat(body)
    kind = _kind(answer.status)
    actions = reading.field(doc, "next_actions")
    return kind(
        _text(doc, "message", "error", "error_description", most=MAX_SENTENCE) or _fallback(answer.status),
        code=_code(doc),
        category=_text(doc, "category") or (DATABASE if _is_postgres(doc) else None),
        retryable=_bool(doc, "retryable", default=answer.status in _RETRYABLE_STATUS or answer.status >= 500),
        safe_to_retry=_bool(doc, "safe_to_retry", default=answer.reads or answer.status == 429),
        mutation_state=_text(doc, "mutation_state") or _mutation_state(answer),
        trace_id=answer.trace_id,
        next_actions=actions if isinstance(actions, list) else (),
        hint=_text(doc, "hint", most=MAX_SENTENCE),
        details=_details(doc),
        status=answer.status,
        body=body,
        retry_after=_retry_after(doc, answer.headers),
    )


def _kind(status: int) -> type[errors.ApiError]:
    return errors.ServerError if status >= 500 else _CLASSES.get(status, errors.ApiError)


def _fallback(status: int) -> str:
    if 300 <= status < 400:
        return f"The gateway wants to send us elsewhere (HTTP {status}), and redirects are not followed."
    if status == 402:
        return "Payment required."
    return f"The gateway answered with HTTP {status}."


def _code(doc: Document) -> str | None:
    """``code``, else a token in ``error`` (Core, older deploy paths), in upper case; None leaves the default."""
    named = _text(doc, "code")
    if named is None:
        token = _text(doc, "error")
        named = token if token and "_" in token and _TOKEN.fullmatch(token) else None
    return named.upper() if named and _TOKEN.fullmatch(named) else named


def _is_postgres(doc: Document) -> bool:
    code = doc.get("code")
    return isinstance(code, str) and "details" in doc and _POSTGRES.fullmatch(code) is not None


def _details(doc: Document) -> Document:
    """The details object; PostgREST's are a text. Core names the capability and resource at the top."""
    details = doc.get("details")
    if isinstance(details, str) and details:
        return {"text": details}
    named = {key: doc[key] for key in ("capability", "resource") if isinstance(doc.get(key), str)}
    return {**named, **details} if isinstance(details, dict) else named


def _mutation_state(answer: Answer) -> str:
    return "unknown" if answer.status >= 500 and not answer.reads else "none"


def _retry_after(doc: Document, headers: httpx.Headers) -> float | None:
    for name in ("retry_after_seconds", "retry_after"):
        value = doc.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
            return float(value)
    header = headers.get("retry-after", "").strip()
    return float(header) if header.isascii() and header.isdigit() and len(header) < 10 else None


def _preview(answer: Answer) -> str:
    return answer.content[: errors.PREVIEW_CHARACTERS].decode("utf-8", "replace")


def _text(doc: Document, *names: str, most: int = MAX_WORD) -> str | None:
    """The first text among ``names``, cut to what a list of errors can show; the body keeps it whole."""
    return next(
        (value[:most] for name in names if isinstance(value := reading.field(doc, name), str) and value), None
    )


def _bool(doc: Document, name: str, *, default: bool) -> bool:
    value = reading.field(doc, name)
    return value if isinstance(value, bool) else default
