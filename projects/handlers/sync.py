"""Reads a project from Run402 into the mirror: usage, lease, subdomains, live release."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from core.errors import Refusal
from operations import registry
from operations.registry import kind
from operations.work import Work
from projects.echoes import key_unrepeated
from projects.handlers.lookup import listed, unclaimed
from projects.handlers.subject import project_of
from projects.keys import service_key
from projects.models import GONE, Project
from projects.selectors import SYNC
from run402.errors import Run402Error, TransportError
from run402.resources.projects import ProjectSummary
from teams.permissions import Action

Fields = dict[str, Any]
Read = Callable[[run402.Client, Project], Fields]


@kind(
    SYNC,
    gettext_lazy("Refresh project"),
    action=Action.PROJECT_SYNC,
    queue=registry.SYNC,
    mutates=False,
    audited=False,
)
def sync(work: Work) -> Mapping[str, Any]:
    """Read what can be read; one thing that fails does not keep the others from being shown."""
    project = project_of(work)
    if project.is_deleted:
        return {"failed": []}
    with work.client() as client:
        if not project.remote_id:
            return _look_up(client, project)
        fields, failed = _read_all(work, client, project)
    # It may have been deleted while it was read.
    rows = Project.objects.filter(pk=project.pk).exclude(state=Project.State.DELETED)
    rows.update(**fields, synced_at=timezone.now())
    return {"failed": failed}


def _look_up(client: run402.Client, project: Project) -> Mapping[str, Any]:
    """Find out whether a project was made whose answer was lost; when it was not, that is known now."""
    found = unclaimed(client, project)
    if not found:
        Project.objects.filter(pk=project.pk, state=Project.State.FAILED).update(status="")
    return {"found": list(found)}


def _read_all(work: Work, client: run402.Client, project: Project) -> tuple[Fields, list[str]]:
    """Return the fields, and the names of reads that failed. Raises the first failure when all did."""
    fields: Fields = {}
    failures: dict[str, Run402Error | Refusal] = {}
    for name, read in READS.items():
        if not _has_key_for(name, project):
            continue
        work.stop_if_cancelled()
        try:
            fields |= read(client, project)
        except (Run402Error, Refusal) as error:
            failures[name] = error
            if isinstance(error, TransportError) and not fields:
                break  # nobody answers: the other reads would only wait
            work.event(_("%(what)s could not be read: %(why)s") % {"what": name, "why": error})
    if failures and not fields:
        raise next(iter(failures.values()))
    return fields, list(failures)


def _has_key_for(name: str, project: Project) -> bool:
    """Say whether the panel has the key that a reading takes; its page says what is missing."""
    has = {
        "usage": project.service_key_sealed,
        "subdomains": project.service_key_sealed,
        "live": project.anon_key,
    }
    return bool(has.get(name, True))


def _account(client: run402.Client, project: Project) -> Fields:
    """The wallet's list knows state, lease and use, for the signature of the wallet alone (contract: apply 1.4)."""
    mine = listed(client, project)
    return as_listed(mine) if mine else {"status": GONE}


def as_listed(row: ProjectSummary) -> Fields:
    """Return the fields of the mirror that the list tells."""
    return _known(
        tier=row.tier,
        status=row.status,
        lease_expires_at=row.lease_expires_at,
        api_calls=row.api_calls,
        storage_bytes=row.storage_bytes,
    )


def _usage(client: run402.Client, project: Project) -> Fields:
    key = service_key(project)
    with key_unrepeated(key):
        usage = client.projects.usage(project.remote_id, service_key=key)
    return _known(
        tier=usage.tier,
        status=usage.status,
        api_calls=usage.api_calls,
        api_calls_limit=usage.api_calls_limit,
        storage_bytes=usage.storage_bytes,
        storage_limit_bytes=usage.storage_limit_bytes,
        lease_expires_at=usage.lease_expires_at,
        usage=usage.raw,
    )


def _subdomains(client: run402.Client, project: Project) -> Fields:
    """The first name that is claimed is the address that people are shown; without any there is none by name."""
    key = service_key(project)
    with key_unrepeated(key):
        held = client.subdomains.list(service_key=key)
    if held:
        return _known(subdomains=[subdomain.name for subdomain in held], live_url=held[0].url)
    lost = project.live_url.partition("://")[2].partition(".")[0] in project.subdomains
    return {"subdomains": [], **({"live_url": ""} if lost else {})}


def _live(client: run402.Client, project: Project) -> Fields:
    """What is live, unless a deploy moved it while this was read: the deploy knows better."""
    live = client.releases.active(anon_key=project.anon_key, site_limit=1)
    seen_by_deploy = Project.objects.filter(pk=project.pk).values_list("live_release", flat=True).get()
    if seen_by_deploy != project.live_release:
        return {}
    if live is None:
        return {"live_release": "", "live_generation": None, "live_at": None, "live_url": ""}
    moment = live.activated_at or live.created_at
    return {"live_release": live.release_id, "live_generation": live.release_generation, "live_at": moment}


def _known(**fields: Any) -> Fields:
    """Leave out what the gateway did not say: the mirror keeps what it knew."""
    return {name: value for name, value in fields.items() if value is not None}


READS: Mapping[str, Read] = {"account": _account, "usage": _usage, "live": _live, "subdomains": _subdomains}
