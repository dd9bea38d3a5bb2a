"""Questions that a page asks the gateway: one operation each, whose answer is shown again while it is fresh."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from operations import queue
from operations.models import ACTIVE, Operation, State
from projects.models import Project
from teams.models import User

#: An answer is shown again for so long, unless another release went live since; a failure only for a moment.
FRESH, FAILED_FRESH = timedelta(seconds=60), timedelta(seconds=5)
#: Questions of one kind and project that may stand in line: a page that is reloaded in a loop fills no line.
MOST_AT_ONCE = 20


@dataclass(frozen=True)
class Question:
    """What is asked about a project. `words` are what makes it another question; `lasts` an answer that never changes.

    It is read with the project's anon key, so nobody's wallet has to do with it.
    """

    kind: str
    title: str
    url: str
    words: tuple[str, ...]
    args: Mapping[str, Any]
    lasts: bool = False


def ask(project: Project, user: User, question: Question) -> Operation:
    """Return the operation that answers: one under way or a fresh one where there is such, else a new one.

    Raises Refusal as `require_answers` does, and where too many questions stand in line.
    """
    require_answers(project)
    key = unique_key(project, question.kind, question.words)
    if known := _fresh(project, key, lasts=question.lasts):
        return known
    waiting = Operation.objects.filter(
        team_id=project.team_id, subject_id=project.pk, kind=question.kind, state__in=ACTIVE
    )
    if waiting.count() >= MOST_AT_ONCE:
        sentence = _("Many questions about this project stand in line already. Ask again in a moment.")
        raise Refusal("TOO_MANY_QUESTIONS", sentence)
    return queue.submit(
        queue.Request(
            kind=question.kind,
            title=question.title,
            team=project.team,
            gateway=project.gateway,
            actor=user,
            project_id=project.pk,
            subject_id=project.pk,
            subject_url=question.url,
            unique_key=key,
            args={"project": str(project.pk), **question.args},
        )
    )


def require_answers(project: Project) -> None:
    """Raise Refusal where nothing can be asked: the project is not ready, or the panel lacks the key that asks."""
    if not project.is_ready:
        raise Refusal("PROJECT_NOT_READY", _("This project is not ready yet, so nothing answers for it."))
    if not project.anon_key:
        raise Refusal(
            "KEYS_MISSING",
            _("The panel has no anon key of this project. Import its keys first."),
            next_steps=[NextStep("adopt_project", _("Import its keys"), reverse("projects:adopt"))],
        )


def unique_key(project: Project, kind: str, words: tuple[str, ...]) -> str:
    """Return the same key for equal questions."""
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]
    return f"{kind}/{project.pk}/{digest}"


def _fresh(project: Project, key: str, *, lasts: bool) -> Operation | None:
    last = Operation.objects.filter(team_id=project.team_id, unique_key=key).first()
    if last is None or last.state in ACTIVE:
        return last
    if last.state == State.SUCCEEDED and lasts:
        return last
    if last.finished_at is None or (project.live_at and last.finished_at < project.live_at):
        return None
    fresh_for = FRESH if last.state == State.SUCCEEDED else FAILED_FRESH
    return last if last.finished_at > timezone.now() - fresh_for else None
