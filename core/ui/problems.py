"""What a canonical error tells a person: what changed, whether it is safe to try again, what to do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

CHANGED: dict[str, Promise] = {
    "none": _("Nothing has changed."),
    "not_started": _("Nothing has changed."),
    "rolled_back": _("Nothing has changed: what was begun has been rolled back."),
    "committed": _("The change is in effect."),
    "partial": _("Part of the change is in effect."),
    "unknown": _("Not known yet whether the change is in effect."),
}

# contract: identity 1.5, the names a gateway may suggest
ACTIONS: dict[str, Promise] = {
    "authenticate": _("Sign in with another wallet"),
    "submit_payment": _("Pay, then try again"),
    "renew_tier": _("Renew the tier"),
    "check_usage": _("Look at the usage"),
    "retry": _("Try again"),
    "resume_deploy": _("Resume the deploy"),
    "edit_request": _("Correct what was sent"),
    "edit_migration": _("Correct the migration"),
    "deploy_site_first": _("Deploy a site first"),
    "fund_wallet": _("Put money into the wallet"),
    "contact_support": _("Ask the support of Run402"),
}


LABELS = ("label", "description", "message", "why", "hint")
NAMES = ("action", "type", "name", "kind")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do next; `url` leads to a page of the panel, or is empty."""

    label: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A canonical error in words."""

    message: str
    code: str
    trace_id: str
    changed: str
    safe: bool | None
    retry: str
    hint: str
    steps: tuple[Step, ...]


def problem(error: Mapping[str, Any]) -> Problem:
    """Return the words for a canonical error; what is not said stays out (contract: identity 1.5)."""
    safe, retry = _retry(error)
    return Problem(
        message=_text(error.get("message") or error.get("error")) or str(_("The gateway gave no reason.")),
        code=_text(error.get("code")),
        trace_id=_text(error.get("trace_id") or error.get("request_id")),
        changed=str(CHANGED.get(_text(error.get("mutation_state")), "")),
        safe=safe,
        retry=str(retry),
        hint=_text(error.get("hint")),
        steps=_steps(error.get("next_actions")),
    )


def _retry(error: Mapping[str, Any]) -> tuple[bool | None, Promise | str]:
    """Return whether repeating is safe (None: not said) and what more there is to say about it."""
    safe, retryable = error.get("safe_to_retry"), error.get("retryable")
    if safe is False:
        return False, _("The effect could happen twice.")
    if safe is not True:
        return None, ""
    return True, _("It will fail the same way until the cause is gone.") if retryable is False else ""


def _steps(actions: object) -> tuple[Step, ...]:
    """Return the suggestions in words. They are shown, never followed by themselves."""
    if not isinstance(actions, Sequence) or isinstance(actions, str):
        return ()
    steps = (_step(action) for action in actions if isinstance(action, Mapping))
    return tuple(step for step in steps if step.label)


def _step(action: Mapping[str, Any]) -> Step:
    """Return one suggestion; only an address inside the panel becomes a link, whoever suggested it."""
    name, url = _first(action, NAMES), _text(action.get("url"))
    label = _first(action, LABELS) or str(ACTIONS.get(name) or capfirst(name.replace("_", " ")))
    return Step(label, url if url.startswith("/") and not url.startswith("//") else "")


def _first(action: Mapping[str, Any], keys: Sequence[str]) -> str:
    return next((text for key in keys if (text := _text(action.get(key)))), "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
