"""What the settings page says about this installation."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass

from django.conf import settings

from operations.models import WorkerPulse
from teams.models import Membership
from teams.permissions import Action, allows
from wallets.models import Gateway


@dataclass(frozen=True)
class SettingsPage:
    """The gateways people may choose, the workers that were alive lately, and the version."""

    version: str
    gateways: tuple[Gateway, ...]
    workers: tuple[WorkerPulse, ...]
    encrypted: bool
    may_manage_hooks: bool
    may_halt: bool


def settings_page(gateways: list[Gateway], membership: Membership) -> SettingsPage:
    """Return the page for a member; a worker is shown for a day after its last sign of life."""
    may_manage_hooks = allows(membership.role, Action.HOOKS_MANAGE) and not membership.is_limited
    workers = tuple(WorkerPulse.objects.order_by("-at")[:10])
    may_halt = allows(membership.role, Action.HALT)
    return SettingsPage(version(), tuple(gateways), workers, settings.HTTPS, may_manage_hooks, may_halt)


@functools.cache
def version() -> str:
    """Return the version that pyproject.toml states."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    return str(project["version"])
