"""How a project stands, in the panel's status vocabulary."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from projects.models import GONE, Project

#: The status of a project whose making left no answer.
UNKNOWN = "unknown"

# contract: apply 1.4, the lifecycle words; `active` is the one that needs no words
LIFECYCLE: dict[str, tuple[str, Promise]] = {
    "past_due": ("warn", _("Past due")),
    "frozen": ("warn", _("Frozen by Run402")),
    "dormant": ("warn", _("Dormant")),
    "archived": ("bad", _("Archived")),
    "deleted": ("bad", _("Deleted")),
    "purged": ("bad", _("Purged")),
    GONE: ("bad", _("Gone from Run402")),
}


@dataclass(frozen=True)
class Standing:
    """A kind of the `status` tag and its word."""

    kind: str
    word: str


def standing(project: Project) -> Standing:
    """Return how the project stands: what is wrong comes before what is live."""
    if project.state == Project.State.PROVISIONING:
        return Standing("running", str(_("Being made")))
    if project.state == Project.State.ADOPTING:
        return Standing("running", str(_("Being adopted")))
    if project.is_deleted:
        return Standing("idle", str(_("Deleted")))
    if project.state == Project.State.FAILED and project.is_adopted:
        return Standing("bad", str(_("Not adopted")))
    if project.state == Project.State.FAILED and project.status == UNKNOWN:
        return Standing("unknown", str(_("Not known")))
    if project.state == Project.State.FAILED:
        return Standing("bad", str(_("Not made")))
    if project.status in LIFECYCLE:
        kind, word = LIFECYCLE[project.status]
        return Standing(kind, str(word))
    if project.live_release:
        return Standing("ok", str(_("Serving")))
    return Standing("idle", str(_("Never deployed")))
