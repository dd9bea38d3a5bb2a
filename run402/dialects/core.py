"""Releasing on a self-hosted Core (contract: apply 2.14): every byte is staged first, a commit is over at once."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from run402 import errors, jsontext, reading, x402
from run402.dialects import OnOperation, OnPart
from run402.reading import Document
from run402.resources.plans import ApplyOperation, Commit, MissingContent, Plan, read_plan
from run402.routes import route
from run402.spec.content import ContentRef
from run402.spec.functions import Function
from run402.spec.release import ReleaseSpec
from run402.wire import Call, Wire, json_call

CHUNK_BYTES = 3 * 64 * 1024  # a multiple of three, so that base64 needs no padding before the end
_DONE = frozenset({"committed", "noop"})


class CoreDialect:
    """Releases of one project. ``live_functions`` are restated in every release, since Core cannot give them back.

    >>> from run402 import Client
    >>> client = Client("http://core.localhost:8080", dialect="core")
    >>> client.apply.dialect(None).__class__.__name__
    'CoreDialect'
    """

    def __init__(self, wire: Wire, live_functions: Mapping[str, Function]) -> None:
        self._wire = wire
        self._live_functions = live_functions

    def plan(
        self,
        spec: ReleaseSpec,
        *,
        dry_run: bool,
        idempotency_key: str | None,
        required_plan: Mapping[str, Any] | None,
    ) -> Plan:
        """Core stores every plan, so a dry run is refused; keys and reviewed plans mean nothing to it."""
        if dry_run:
            raise errors.Run402Error(
                "Core makes no dry runs.", code="UNSUPPORTED_CAPABILITY", mutation_state="not_started"
            )
        call = json_call(
            "POST", "/apply/v1/plans", {"spec": spec.to_core(live_functions=self._live_functions)}
        )
        staged = tuple(MissingContent(ref.sha256, ref.size, present=False) for ref in self._staged(spec))
        return self._wire.read(call, lambda doc: _plan(doc, staged))

    def send_missing(self, spec: ReleaseSpec, plan: Plan, on_part: OnPart) -> None:
        """Stage every object; Core does not say which it has."""
        for ref in self._staged(spec):
            self._stage(spec.project or "", ref)
            on_part(ref.sha256, ref.size, ref.size)

    def commit(
        self,
        plan: Plan,
        *,
        idempotency_key: str | None,
        purchase: x402.Purchase | None,
        required_plan: Mapping[str, Any] | None,
    ) -> x402.Paid[Commit]:
        digest = reading.text(plan.raw, "release_spec_digest")
        body = {} if digest is None else {"release_spec_digest": digest}
        call = json_call("POST", route("/apply/v1/plans/{}/commit", plan.plan_id or ""), body)
        return x402.Paid(self._wire.read(call, _commit), "not_needed", None, None)

    def follow(self, commit: Commit, on_operation: OnOperation) -> ApplyOperation:
        """There is nothing to wait for; the addresses come from the project."""
        project = reading.text(commit.raw, "project_id")
        urls = self._urls(project) if project else {}
        operation = ApplyOperation(
            commit.operation_id, project, reading.text(commit.raw, "plan_id"), commit.status, None, None,
            commit.release_id, urls, commit.error, commit.raw,
        )  # fmt: skip
        on_operation(operation)
        if commit.status != "ready":
            raise errors.ReleaseFailed(operation)
        return operation

    def _staged(self, spec: ReleaseSpec) -> list[ContentRef]:
        """Everything but SQL, which travels inside the spec; restated functions included."""
        restated = [ref for function in self._live_functions.values() for ref in function.refs()]
        sql = {item.sql.sha256 for item in (spec.database and spec.database.migrations) or ()}
        found = {ref.sha256: ref for ref in (*restated, *spec.refs()) if ref.source is not None}
        return [ref for digest, ref in found.items() if digest not in sql]

    def _stage(self, project: str, ref: ContentRef) -> None:
        """One object as base64 inside JSON, made while it is sent: no file is ever whole in memory."""
        path = route("/projects/v1/{}/content", project)
        head, tail = _envelope(ref)
        size = len(head) + len(tail) + (ref.size + 2) // 3 * 4
        request = self._wire.build(
            "POST",
            self._wire.base_url + path,
            headers={"Content-Type": "application/json", "Content-Length": str(size)},
            content=_encoded(ref, head, tail),
        )
        answer, exchange = self._wire.perform(request, self._wire.begun("POST", path, size))
        self._wire.report(exchange)
        if isinstance(answer, errors.TransportError):
            raise answer
        answer.require_ok()

    def _urls(self, project: str) -> dict[str, str]:
        """What the project's row says, else where its files are known to be. The row's keys are dropped here."""
        fallback = {"static": f"{self._wire.base_url}{route('/projects/v1/{}/static', project)}"}
        try:
            row = self._wire.read(Call("GET", route("/projects/v1/{}", project)), lambda doc: doc)
        except errors.Run402Error:
            return fallback
        return reading.string_map(row, "endpoints") or fallback


def _plan(doc: Document, staged: tuple[MissingContent, ...]) -> Plan:
    plan = read_plan({"is_noop": doc.get("noop") is True, **doc})
    plan_id = reading.need_text(doc, "plan_id")
    fields = {**vars(plan), "operation_id": f"core:{plan_id}", "missing_content": staged, "raw": doc}
    return Plan(**fields)


def _commit(doc: Document) -> Commit:
    status = reading.need_text(doc, "status")
    error = None if status in _DONE else {"message": _deferred(doc), "code": f"CORE_{status.upper()}"}
    return Commit(
        operation_id=f"core:{reading.text(doc, 'plan_id') or ''}",
        status="ready" if status in _DONE else status,
        release_id=reading.text(doc, "release_id"),
        urls={},
        error=error,
        raw=doc,
    )


def _deferred(doc: Document) -> str:
    phase = reading.text(doc, "deferred_phase") or "a later phase"
    return reading.text(doc, "deferred_reason") or f"Core put off {phase}."


def _envelope(ref: ContentRef) -> tuple[bytes, bytes]:
    fields = {"sha256": ref.sha256, "size": ref.size, "content_type": ref.content_type}
    known = {name: value for name, value in fields.items() if value is not None}
    return jsontext.dumps(known)[:-1] + b',"bytes_base64":"', b'"}'


def _encoded(ref: ContentRef, head: bytes, tail: bytes) -> Iterator[bytes]:
    yield head
    left = ref.size
    if ref.source is not None:
        with ref.source.open() as blob:
            while left and (chunk := blob.read(min(CHUNK_BYTES, left))):
                left -= len(chunk)
                yield base64.b64encode(chunk)
    if left:
        raise errors.Run402Error(
            "A file is shorter than it was when the release was planned.", code="CONTENT_UPLOAD_FAILED"
        )
    yield tail
