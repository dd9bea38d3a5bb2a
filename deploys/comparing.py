"""What differs between two releases: the question, and the doing (contract: apply 3.1, 3.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Refusal
from deploys import plans, questions
from deploys.models import Release
from deploys.syncing import project_of
from operations.models import Operation
from operations.work import Work
from projects.models import Project
from run402.resources.releases import ReleaseDiff
from teams.models import User

KIND = "releases.diff"
EMPTY, ACTIVE = "empty", "active"
#: Rows of each part that are asked for; fewer are kept when they would not fit into the operation's row.
MOST_ROWS, MOST_BYTES = 300, 200_000


def ask(*, project: Project, user: User, before: str, after: str) -> Operation:
    """Return the operation that compares `before` (a release's id, “empty” or “active”) with `after`.

    Raises Refusal for a pair that cannot be compared, and as `questions.ask` does.
    """
    questions.require_answers(project)
    _require_known(project, before, after)
    url = f"{reverse('deploys:diff', args=[project.pk])}?from={before}&to={after}"
    return questions.ask(
        project,
        user,
        questions.Question(
            kind=KIND,
            title=_("Compare %(before)s with %(after)s of %(project)s")
            % {"before": before, "after": after, "project": project.name},
            url=url if len(url) <= 200 else reverse("deploys:diff", args=[project.pk]),
            words=(before, after),
            args={"from": before, "to": after},
            # Releases never change; what is live does.
            lasts=ACTIVE not in (before, after),
        ),
    )


def _require_known(project: Project, before: str, after: str) -> None:
    if after == EMPTY:
        sentence = _("“empty” can only be what is compared with: choose it on the left.")
        raise Refusal("INVALID_DIFF_TARGET", sentence, field="to")
    for field, side in (("from", before), ("to", after)):
        if side not in (EMPTY, ACTIVE) and not _is_there(project, side):
            sentence = _("This project has no release “%(id)s”. Choose one of the list.") % {"id": side[:80]}
            raise Refusal("INVALID_DIFF_TARGET", sentence, field=field)
    live = {ACTIVE: project.live_release or ACTIVE}
    if live.get(before, before) == live.get(after, after):
        sentence = _("Both sides are the same release, so nothing differs. Choose another one.")
        raise Refusal("DIFF_SAME_RELEASE", sentence, field="to")


def _is_there(project: Project, remote_id: str) -> bool:
    return Release.objects.filter(project=project, team_id=project.team_id, remote_id=remote_id).exists()


def compare(work: Work) -> dict[str, Any]:
    """Read the difference and keep as much of its lists as a row holds; the totals are whole."""
    project = project_of(work)
    with work.client(sign=False) as client:
        found = client.releases.diff(
            anon_key=project.anon_key, from_release=work.args["from"], to=work.args["to"], limit=MOST_ROWS
        )
    rows = MOST_ROWS
    while len(json.dumps(kept := _kept(found, rows))) > MOST_BYTES and rows > 1:
        rows //= 2
    return {"diff": kept}


def _kept(found: ReleaseDiff, rows: int) -> dict[str, Any]:
    diffs: dict[str, Mapping[str, Any]] = {name: getattr(found, name) for name in plans.PARTS}
    diffs["migrations"] = {"new": found.migrations.get("applied_between_releases") or []}
    parts = {name: plans.part_of(diff) for name, diff in diffs.items()}
    return {
        "from": found.from_release_id or "",
        "to": found.to_release_id or "",
        "is_noop": found.is_noop,
        "summary": found.summary,
        # Nothing is confirmed here, so nothing blocks.
        "warnings": [{**plans.warning_kept(warning), "blocking": False} for warning in found.warnings],
        "totals": {name: plans.totals_of(diffs[name], part) for name, part in parts.items()},
        "counters": {key: value for key, value in found.static_assets.items() if isinstance(value, int)},
        **{
            name: {kind: _short(lines[:rows]) for kind, lines in part.items()} for name, part in parts.items()
        },
    }


def _short(lines: list[Any]) -> list[Any]:
    """Leave the digests of files out: the page names them."""
    return [
        {key: value for key, value in line.items() if not key.startswith("sha256")}
        if isinstance(line, dict)
        else line
        for line in lines
    ]
