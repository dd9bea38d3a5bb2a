"""The page for a new job: which form, filled with what, and what the balance that pays for it holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from billing import real_money
from core.forms import dollars
from jobs import reading, selectors, services
from jobs.forms import TYPES, JsonJobForm, KnownJobForm
from jobs.models import Job
from jobs.selectors import Range
from projects.models import Project
from run402.resources.jobs import FFLONK_PROVE
from teams.middleware import PanelRequest
from wallets import gateways, thresholds
from wallets.models import Payment, Wallet

FORM, JSON = "form", "json"
EXAMPLE = reading.Asked(FFLONK_PROVE, {}, 250_000)


@dataclass(frozen=True)
class NewPage:
    """Everything that jobs/new.html shows."""

    form: KnownJobForm | JsonJobForm
    shape: str
    project: Project | None
    again: Job | None
    any_project: bool
    wallet: Wallet | None
    earlier: Range | None
    example: str
    #: Above which cap somebody else has to approve the job first, in micros; None where nobody has to.
    approved_above: int | None

    @property
    def network(self) -> str:
        """Under whose limits the cap counts: those of real money once a card has filled the balance."""
        return real_money.balance_network(self.wallet) if self.wallet else ""

    @property
    def cap(self) -> int | None:
        """What the job that is run again may cost, in micros; None where nobody has said a cap yet."""
        return services.asked_of(self.again).cap_micros if self.again else None

    @property
    def after(self) -> int | None:
        """What of the balance is left at least, in micros; None while balance or cap are not known."""
        held = self.wallet.prepaid_micros if self.wallet else None
        return None if held is None or self.cap is None else held - self.cap

    @property
    def query(self) -> str:
        """What an address of this page keeps when the form changes."""
        if self.again is not None:
            return f"again={self.again.pk}&"
        return f"project={self.project.pk}&" if self.project else ""


def new_page(request: PanelRequest, *, again: UUID | None) -> NewPage:
    """Return the page; what was sent is in its form, unchecked yet."""
    earlier = selectors.job_for(request.membership, again) if again else None
    named = _named(request, earlier)
    reach = request.membership.reach
    projects = selectors.ready_projects(reach, gateways.of(request)) if named is None else _only(named)
    chosen = named or _only_one(projects)
    wallet = chosen.wallet if chosen else None
    shape = _shape(request, earlier)
    asked = services.asked_of(earlier) if earlier else None
    form = _form(request, shape, projects, chosen, asked)
    return NewPage(
        form=form,
        shape=shape,
        project=chosen,
        again=earlier,
        any_project=chosen is not None or projects.exists(),
        wallet=wallet,
        earlier=selectors.earlier_costs(chosen, FFLONK_PROVE) if chosen else None,
        example=reading.written(EXAMPLE),
        approved_above=thresholds.shown(request.team, wallet, Payment.Cost.JOB) if wallet else None,
    )


def _shape(request: PanelRequest, earlier: Job | None) -> str:
    """A type that the form does not know, or more than it asks for, is edited as JSON."""
    wanted = request.POST.get("as") or request.GET.get("as")
    if wanted in (FORM, JSON):
        return wanted
    fits = earlier is None or (earlier.job_type in dict(TYPES) and "callback_url" not in earlier.spec)
    return FORM if fits else JSON


def _form(
    request: PanelRequest,
    shape: str,
    projects: QuerySet[Project],
    chosen: Project | None,
    asked: reading.Asked | None,
) -> KnownJobForm | JsonJobForm:
    kind = KnownJobForm if shape == FORM else JsonJobForm
    given: tuple[Any, ...] = (request.POST, request.FILES) if request.method == "POST" else ()
    initial = _initial(shape, asked) if asked else None
    return kind(*given, projects=projects, chosen=chosen, initial=initial)


def _initial(shape: str, asked: reading.Asked) -> dict[str, Any]:
    if shape == JSON:
        return {"job": reading.written(asked)}
    text = json.dumps(asked.input_json, indent=2, ensure_ascii=False)
    return {"job_type": asked.job_type, "input": text, "cap": dollars(asked.cap_micros)}


def _named(request: PanelRequest, earlier: Job | None) -> Project | None:
    """Return the project of the address or the form, or of the earlier job, at whatever gateway; 404 out of reach."""
    wanted = (
        request.POST.get("project") or request.GET.get("project") or (earlier.project_id if earlier else "")
    )
    if not wanted:
        return None
    try:
        return selectors.project_within(request.membership.reach, UUID(str(wanted)))
    except ValueError:
        raise Http404("no such project") from None


def _only(project: Project) -> QuerySet[Project]:
    return Project.objects.filter(pk=project.pk).select_related("wallet", "gateway")


def _only_one(projects: QuerySet[Project]) -> Project | None:
    ready = list(projects[:2])
    return ready[0] if len(ready) == 1 else None
