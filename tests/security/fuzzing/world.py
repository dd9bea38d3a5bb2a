"""Something of everything, so that addresses lead somewhere: people of three roles, and rows of every kind."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from deploys import store
from deploys.models import Deploy, Release
from operations.models import State
from projects.models import Project
from teams.models import Role, Team, User
from teams.sessions import SessionStore
from tests.addresses import ADDRESSES, converters_of
from tests.factories import (
    DeployFactory,
    GatewayFactory,
    MembershipFactory,
    OperationFactory,
    PaymentFactory,
    ProjectFactory,
    ReleaseFactory,
    SourceFactory,
    TeamFactory,
    UserFactory,
    WalletFactory,
)
from tests.security.fuzzing.browser import Browser
from tools.forms import Form, Page

_NAMES = re.compile(
    r"""(?:GET|POST)\.(?:get|getlist)\(\s*"(\w+)"|whole_number\(request, "(\w+)"|_number\(request, "(\w+)\""""
)


@dataclass
class World:
    """People by name with their cookies, ids that lead somewhere, forms by address, and names of parameters."""

    people: dict[str, Browser] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    forms: list[tuple[str, Form]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def make_world() -> World:
    """Fill the open database, sign three people in, and read every page for its forms."""
    team, stranger = TeamFactory.create(name="Halden"), TeamFactory.create(name="Stranger")
    users = {
        "alice": _member(team, Role.OWNER),
        "dora": _member(team, Role.VIEWER),
        "charlie": _member(stranger, Role.OWNER),
    }
    for owner, their in ((users["alice"], team), (users["charlie"], stranger)):
        _fill(their, owner)
    world = World(
        people={"anonymous": Browser({}), **{name: _signed_in(user) for name, user in users.items()}}
    )
    world.ids = _ids()
    world.names = sorted(_parameter_names())
    world.forms = list(_forms(world))
    return world


def _member(team: Team, role: Role) -> User:
    user: User = UserFactory.create(email=f"{role}-{team.name}@example.com".lower())
    MembershipFactory.create(team=team, user=user, role=role)
    return user


def _fill(team: Team, owner: User) -> None:
    gateway = GatewayFactory.create()
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=owner, balance_micros=250_000)
    WalletFactory.create(team=team, gateway=gateway, owner=owner, state="making")
    project: Project = ProjectFactory.create(team=team, wallet=wallet)
    page = store.put([b"<h1>Hello</h1>"])
    entry = {"sha256": page.sha256, "size": page.size, "content_type": "text/html"}
    release: Release = ReleaseFactory.create(
        project=project, archive={"site": {"index.html": entry, "a.png": entry}}
    )
    ReleaseFactory.create(project=project, made_here=False, inventory={"site": {"paths": [{"path": "x"}]}})
    for state in State:
        finished = {"succeeded", "failed", "cancelled"}
        operation = OperationFactory.create(
            team=team,
            gateway=gateway,
            actor=owner,
            kind="deploy",
            queue="deploys",
            state=state,
            subject_id=project.pk,
        )
        deploy: Deploy = DeployFactory.create(
            project=project, operation=operation, source=SourceFactory.create(team=team, created_by=owner)
        )
        if state in finished:
            deploy.restores = release
            deploy.save()
        PaymentFactory.create(
            wallet=wallet, operation_id=operation.pk, state="unknown" if state == "failed" else "settled"
        )


def _signed_in(user: User) -> Browser:
    """Sign somebody in as a form would, without one."""
    request = HttpRequest()
    request.session = SessionStore()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    return Browser({settings.SESSION_COOKIE_NAME: str(request.session.session_key)})


def _ids() -> dict[str, list[str]]:
    """Return ids of both teams by room, and those of releases, which stand second in an address; "" has all."""
    found: dict[str, list[str]] = {"": []}
    for model in apps.get_models():
        label = model._meta.app_label
        keys = [str(key) for key in model._default_manager.order_by("-pk").values_list("pk", flat=True)[:40]]
        if label not in ("contenttypes", "sessions"):
            found.setdefault(label, []).extend(keys)
            found[""] += keys
    found["release"] = [str(key) for key in Release.objects.values_list("pk", flat=True)]
    return found


def _parameter_names() -> set[str]:
    """Return every name that a view of the panel asks a query or a form for."""
    root, found = Path(settings.BASE_DIR), set()
    rooms = {Path(config.path) for config in apps.get_app_configs() if Path(config.path).parent == root}
    for file in (file for room in rooms for file in room.rglob("*.py")):
        for match in _NAMES.finditer(file.read_text()):
            found.add(next(filter(None, match.groups())))
    return found | {"page", "q", "next", "csrfmiddlewaretoken", "state", "kind", "tab"}


def _forms(world: World) -> Any:
    """Yield the address and the form of every form on every page that its reader may open."""
    seen: set[tuple[str, str]] = set()
    pages = {"/", "/settings"} | {url for name in ADDRESSES for url in _leading_somewhere(name, world)}
    for browser in (world.people["alice"], world.people["anonymous"]):
        for url in sorted(pages):
            answer: Any = browser.get(url)
            if answer.streaming or not answer.headers.get("Content-Type", "").startswith("text/html"):
                continue
            for form in Page(url, answer.status_code, answer.content.decode()).forms:
                action = form.action or url
                if (key := (action, ",".join(sorted([*form.fields, *form.choices])))) not in seen:
                    seen.add(key)
                    yield action, form


def _leading_somewhere(name: str, world: World) -> list[str]:
    """Return the address with an id for which it is there, if it is found soon."""
    parameters, browser = list(converters_of(name)), world.people["alice"]
    if not parameters:
        return [reverse(name)]
    room = name.partition(":")[0]
    rooms = ("wallets",) if room == "billing" else (room,)
    likely = [key for one in rooms for key in world.ids.get(one, [])]
    for key in likely[:60]:
        for release in world.ids["release"] if "release" in parameters else [""]:
            values = {one: {"release": release, "tier": "prototype"}.get(one, key) for one in parameters}
            with contextlib.suppress(NoReverseMatch):
                answer: Any = browser.get(reverse(name, kwargs=values))
                status = answer.status_code
                if status in (200, 405):
                    return [reverse(name, kwargs=values)] if status == 200 else []
    return []
