"""What starts a function besides a request: schedules and mail (contract: apply 2.3.4, newer gateways)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from run402.spec.reader import Fields, Reader
from run402.spec.values import Document, document, given

MAIL_EVENTS = ("reply_received", "delivery", "bounced", "complained", "mailbox_suspended")
_TRIGGER = frozenset(
    {"id", "type", "cron", "timezone", "misfire_policy", "overlap_policy", "mailbox", "events", "run"}
)


@dataclass(frozen=True)
class Trigger:
    """``type`` is ``schedule`` (with ``cron``) or ``email`` (with ``mailbox`` and ``events``); ``run`` is kept whole.

    >>> Trigger("nightly", "schedule", {"event_type": "nightly"}, cron="0 3 * * *").to_wire()["cron"]
    '0 3 * * *'
    """

    id: str
    type: str
    run: Document
    cron: str | None = None
    timezone: str | None = None
    misfire_policy: str | None = None
    overlap_policy: str | None = None
    mailbox: str | None = None
    events: tuple[str, ...] | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        """Alike in both dialects."""
        return document(
            "cloud",
            self.extra,
            id=self.id,
            type=self.type,
            cron=given(self.cron),
            timezone=given(self.timezone),
            misfire_policy=given(self.misfire_policy),
            overlap_policy=given(self.overlap_policy),
            mailbox=given(self.mailbox),
            events=given(None if self.events is None else list(self.events)),
            run=dict(self.run),
        )


def read_triggers(reader: Reader, function: Fields) -> tuple[Trigger, ...]:
    found = tuple(_trigger(reader, item, path) for path, item in function.sequence("triggers") or ())
    ids = [trigger.id for trigger in found]
    if len(set(ids)) != len(ids):
        function.wrong("triggers", "uses an id twice.")
    return found


def _trigger(reader: Reader, value: Any, path: str) -> Trigger:
    fields = reader.fields(value, path, _TRIGGER)
    kind = fields.choice("type", ("schedule", "email")) if "type" in fields else None
    if "type" not in fields:
        fields.wrong("type", "is required.")
    run = fields.mapping("run")
    if run is None:
        fields.wrong("run", "is required.")
    elif not isinstance(run.get("event_type"), str):
        fields.wrong("run", "needs its event_type.")
    return Trigger(
        id=fields.text("id", required=True) or "",
        type=kind or "",
        run=run or {},
        cron=fields.text("cron", required=kind == "schedule"),
        timezone=fields.text("timezone"),
        misfire_policy=fields.text("misfire_policy"),
        overlap_policy=fields.text("overlap_policy"),
        mailbox=fields.text("mailbox", required=kind == "email"),
        events=_events(fields, required=kind == "email"),
        extra=fields.extra,
    )


def _events(fields: Fields, *, required: bool) -> tuple[str, ...] | None:
    events = fields.texts("events")
    if required and not events:
        fields.wrong("events", "names at least one event.")
    for event in events or ():
        if event and event not in MAIL_EVENTS:
            fields.wrong("events", f"“{event}” is none of: {', '.join(MAIL_EVENTS)}.")
    return events
