"""Releasing on Run402 Cloud (contract: apply 2.5 to 2.9)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from run402 import errors, jsontext, x402
from run402.dialects import OnOperation, OnPart
from run402.resources.apply import ApplyResource
from run402.resources.content import ContentItem, ContentResource
from run402.resources.plans import ApplyOperation, Commit, Plan
from run402.spec.content import BytesSource, ContentRef, reference
from run402.spec.release import ReleaseSpec

MANIFEST_TYPE = "application/vnd.run402.deploy-manifest+json"
BATCH = 1000  # objects a content plan: their addresses live an hour
PARALLEL = 4


class CloudDialect:
    """Releases of the project that ``anon_key`` belongs to.

    >>> from run402 import Client
    >>> client = Client("https://api.run402.com")
    >>> CloudDialect(client.apply, client.content, "anon").parallel
    4
    """

    def __init__(
        self,
        apply: ApplyResource,
        content: ContentResource,
        anon_key: str,
        *,
        parallel: int = PARALLEL,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._apply = apply
        self._content = content
        self._anon_key = anon_key
        self.parallel = parallel
        self._sleep = sleep

    def plan(
        self,
        spec: ReleaseSpec,
        *,
        dry_run: bool,
        idempotency_key: str | None,
        required_plan: Mapping[str, Any] | None,
    ) -> Plan:
        """Inline, or by reference above the limit; a dry run cannot take a reference and raises then."""
        document = spec.to_cloud()
        options: dict[str, Any] = {"idempotency_key": idempotency_key, "required_plan": required_plan}
        try:
            return self._apply.plan(document, dry_run=dry_run, **options)
        except errors.Run402Error as error:
            if error.code != "SPEC_TOO_LARGE" or error.status is not None:
                raise
        ref = reference(BytesSource(jsontext.dumps(document)), MANIFEST_TYPE)
        self._send([ref], lambda digest, sent, size: None)
        stub = {"project_id": spec.project}
        return self._apply.plan(stub, manifest_ref=ref.to_wire("cloud"), **options)

    def send_missing(self, spec: ReleaseSpec, plan: Plan, on_part: OnPart) -> None:
        """Raises Run402Error, CONTENT_UPLOAD_FAILED, when bytes are lacking that are not here either."""
        contents = spec.contents()
        lacking = [item for item in plan.missing_content if not item.present]
        refs = [contents.get(item.sha256) for item in lacking]
        gone = [
            item.sha256 for item, ref in zip(lacking, refs, strict=True) if ref is None or ref.source is None
        ]
        if gone:
            raise errors.Run402Error(
                f"The gateway lacks {len(gone)} of the files, and their bytes are not here either.",
                code="CONTENT_UPLOAD_FAILED",
                mutation_state="not_started",
                details={"sha256": gone[:20]},
            )
        self._send([ref for ref in refs if ref is not None], on_part)

    def commit(
        self,
        plan: Plan,
        *,
        idempotency_key: str | None,
        purchase: x402.Purchase | None,
        required_plan: Mapping[str, Any] | None,
    ) -> x402.Paid[Commit]:
        return self._apply.commit(
            plan.plan_id or "",
            idempotency_key=idempotency_key,
            purchase=purchase,
            required_plan=required_plan,
        )

    def follow(self, commit: Commit, on_operation: OnOperation) -> ApplyOperation:
        if commit.status in ("ready", "failed"):
            ended = _operation_of(commit)
            on_operation(ended)
            if commit.status == "failed":
                raise errors.ReleaseFailed(ended)
            return ended
        return self._apply.follow(
            commit.operation_id, anon_key=self._anon_key, on_operation=on_operation, sleep=self._sleep
        )

    def _send(self, refs: Sequence[ContentRef], on_part: OnPart) -> None:
        sources = {ref.sha256: ref.source for ref in refs}

        def opened(digest: str) -> BinaryIO:
            source = sources[digest]
            if source is None:
                raise errors.Run402Error("These bytes are not here.", code="CONTENT_UPLOAD_FAILED")
            return source.open()

        items = [ContentItem(ref.sha256, ref.size, ref.content_type) for ref in refs]
        for batch in _batches(items):
            plan = self._content.plan(batch, anon_key=self._anon_key)
            if plan.missing:
                self._content.upload(plan, opened, parallel=self.parallel, on_part=on_part)
                self._content.commit(plan, anon_key=self._anon_key)


def _batches(items: Sequence[ContentItem]) -> Iterator[Sequence[ContentItem]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _operation_of(commit: Commit) -> ApplyOperation:
    """A commit that ended at once, as the operation it would be read as."""
    return replace(
        ApplyOperation(
            commit.operation_id,
            None,
            None,
            commit.status,
            None,
            None,
            None,
            commit.urls,
            commit.error,
            commit.raw,
        ),
        release_id=commit.release_id,
    )
