"""One effect per Idempotency-Key: the first success is kept and given again (identity 1.8)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from starlette.responses import Response

from sandbox.problems import bad_request, conflict
from sandbox.store.answers import SavedAnswer
from sandbox.web import Call

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "payment-response")


def key_of(call: Call) -> str | None:
    key = call.header("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise bad_request(
            "INVALID_IDEMPOTENCY_KEY", "An Idempotency-Key is 1 to 255 visible ASCII characters."
        )
    return key


def once(call: Call, principal: str, work: Callable[[], Response]) -> Response:
    """Do `work` in one transaction, or give its earlier answer when the same key did the same before."""
    key = key_of(call)
    with call.gateway.store.transaction():
        saved = _saved(call, principal, key) if key else None
        if saved:
            return Response(saved.body, saved.status, {**saved.headers, "Idempotency-Replayed": "true"})
        response = work()
        if key and response.status_code < 300:
            call.gateway.store.answers.save(_to_save(call, principal, key, response))
        return response


def _saved(call: Call, principal: str, key: str) -> SavedAnswer | None:
    saved = call.gateway.store.answers.find(call.method_and_path, principal.lower(), key)
    if saved and saved.fingerprint != _fingerprint(call):
        raise conflict("IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used for another request.")
    return saved


def _fingerprint(call: Call) -> str:
    return hashlib.sha256(call.body).hexdigest()


def _to_save(call: Call, principal: str, key: str, response: Response) -> SavedAnswer:
    return SavedAnswer(
        scope=call.method_and_path,
        principal=principal.lower(),
        key=key,
        fingerprint=_fingerprint(call),
        status=response.status_code,
        headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
        body=bytes(response.body),
        created_at=call.gateway.clock.now(),
    )
