"""Sends the gateway the bytes it lacks, from the store, a few at a time (contract: apply 2.7)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import NextStep, Refusal
from deploys import store
from deploys.pipeline.run import Run
from deploys.specs import references
from run402 import Client
from run402.resources.content import ContentItem
from run402.resources.plans import Plan

#: Objects per content plan: what a cut connection costs at most, and what a gateway is asked at once.
BATCH = 200
PARALLEL = 4
#: How often the meter moves and a cancellation is looked for, in seconds.
LOOK_SECONDS = 0.4


class Progress:
    """Adds up what was sent, and tells the page now and then."""

    def __init__(self, run: Run, total: int) -> None:
        self._run = run
        self._total = total
        self._sent: dict[str, int] = {}
        self._told = 0.0

    def __call__(self, sha256: str, sent: int, size: int) -> None:
        """Note one more part; raises when the operation was cancelled."""
        self._sent[sha256] = sent
        if time.monotonic() - self._told >= LOOK_SECONDS:
            self._told = time.monotonic()
            self._run.work.progress(sum(self._sent.values()), self._total)
            self._run.work.flush()
            self._run.work.stop_if_cancelled()


def missing(run: Run, client: Client, plan: Plan) -> None:
    """Upload everything the plan lacks. What an earlier attempt sent is no longer missing."""
    types = {str(ref["sha256"]): str(ref.get("content_type") or "") or None for ref in references(run.spec)}
    items = [
        ContentItem(item.sha256, item.size, types.get(item.sha256))
        for item in plan.missing_content
        if not item.present
    ]
    if not items:
        return
    _require_here(items, run)
    total = sum(item.size for item in items)
    run.work.phase("upload", total=total)
    progress = Progress(run, total)
    for start in range(0, len(items), BATCH):
        send(run, client, items[start : start + BATCH], progress)
    run.work.progress(total, total)
    text = ngettext("%(count)s file uploaded", "%(count)s files uploaded", len(items)) % {"count": len(items)}
    run.work.event(text, "upload", count=len(items), bytes=total)


def send(run: Run, client: Client, items: Sequence[ContentItem], progress: Progress | None = None) -> None:
    """Offer the items and send those the gateway asks for; neither call is repeated when it has them all."""
    plan = client.content.plan(items, anon_key=run.anon_key)
    if plan.missing:
        client.content.upload(plan, store.open_blob, parallel=PARALLEL, on_part=progress)
        client.content.commit(plan, anon_key=run.anon_key)


def _require_here(items: Sequence[ContentItem], run: Run) -> None:
    """A digest that a manifest only names is not ours to send: the store holds other teams' bytes too."""
    source = run.deploy.source
    foreign = set(source.manifest.get("by_digest") or ()) if source else set()
    gone = [item for item in items if item.sha256 in foreign or not store.has(item.sha256)]
    if gone:
        raise Refusal(
            "CONTENT_NOT_HERE",
            _("The gateway lacks %(count)s of the files, and the panel does not have them either.")
            % {"count": len(gone)},
            hint=_(
                "A manifest may name bytes by digest only when the gateway has them, or they were uploaded here."
            ),
            details={"sha256": [item.sha256 for item in gone[:20]]},
            next_steps=[NextStep("upload", _("Deploy the files again"), "/deploys/new")],
        )
