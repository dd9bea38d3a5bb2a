"""Second factors: authenticator apps, passkeys, recovery codes. The rows are django-allauth's, in its own format."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, validate_totp_code
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Refusal
from teams import atrest, selectors
from teams.models import User
from teams.signing_in import record_person

Type = Authenticator.Type
#: Longer than a code of an authenticator app is taken: the one before and the one after count too.
CODE_SECONDS = 120


def check_code(user: User, code: str) -> Authenticator | None:
    """Return the authenticator that the code belongs to, and use the code up; None when it is wrong."""
    digits = "".join(code.split()).replace("-", "")
    for row in Authenticator.objects.filter(user=user).exclude(type=Type.WEBAUTHN):
        if digits and _is_right(row, digits):
            row.record_usage()
            return row
    return None


def _is_right(row: Authenticator, code: str) -> bool:
    try:
        if row.type == Type.TOTP:
            return validate_totp_code(decrypt(row.data["secret"]), code) and _first_use(row, code)
        return bool(row.wrap().validate_code(code))
    except atrest.Unreadable:
        return False


def _first_use(row: Authenticator, code: str) -> bool:
    """Say whether the code was not used before: whoever reads along may not use it again."""
    digest = hashlib.sha256(f"{row.pk}:{code}".encode()).hexdigest()[:32]
    return bool(cache.add(f"totp-used:{digest}", 1, CODE_SECONDS))


def add_app(user: User, secret: str) -> bool:
    """Add the authenticator app. True: recovery codes were made with it and wait to be seen."""
    with transaction.atomic():
        _lock(user)
        Authenticator.objects.filter(user=user, type=Type.TOTP).delete()
        TOTP.activate(user, secret)
        made = _recovery_codes_for_first(user)
        record_person("factor.added", user, {"factor": Type.TOTP.value})
    return made


def add_passkey(user: User, name: str, credential: Mapping[str, Any]) -> bool:
    """Add a passkey whose answer was checked. True: recovery codes were made with it and wait to be seen."""
    with transaction.atomic():
        _lock(user)
        WebAuthn.add(user, name, dict(credential))
        made = _recovery_codes_for_first(user)
        record_person("factor.added", user, {"factor": Type.WEBAUTHN.value, "name": name})
    return made


def rename_passkey(user: User, passkey: Authenticator, name: str) -> None:
    """Give a passkey another name."""
    with transaction.atomic():
        passkey.wrap().name = name
        passkey.save(update_fields=["data"])
        record_person("factor.renamed", user, {"factor": Type.WEBAUTHN.value, "name": name})


def remove_factor(user: User, factor: Authenticator) -> None:
    """Remove a passkey or the authenticator app; recovery codes go with the last. A team's rule may forbid that."""
    with transaction.atomic():
        _lock(user)
        others = Authenticator.objects.filter(user=user).exclude(pk=factor.pk)
        if not others.exclude(type=Type.RECOVERY_CODES).exists():
            _demand_no_rule(user)
            others.delete()
        details = {"factor": factor.type}
        if factor.type == Type.WEBAUTHN:
            details["name"] = factor.wrap().name
        Authenticator.objects.filter(pk=factor.pk, user=user).delete()
        record_person("factor.removed", user, details)


def remove_factors(user: User) -> None:
    """Remove every factor of a person: for the way back of somebody who has lost them. The caller records that."""
    Authenticator.objects.filter(user=user).delete()


def renew_recovery_codes(user: User) -> None:
    """Make new recovery codes, which wait to be seen once; the old ones are over."""
    with transaction.atomic():
        _lock(user)
        if not Authenticator.objects.filter(user=user).exclude(type=Type.RECOVERY_CODES).exists():
            raise Refusal(
                "NO_FACTOR",
                _("Recovery codes stand in for a passkey or an authenticator app. Add one of those first."),
            )
        Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).delete()
        RecoveryCodes.activate(user)
        record_person("factor.added", user, {"factor": Type.RECOVERY_CODES.value})


def show_recovery_codes(user: User) -> list[str] | None:
    """Return the codes the first time this is asked, and None ever after."""
    with transaction.atomic():
        rows = Authenticator.objects.select_for_update().filter(user=user, type=Type.RECOVERY_CODES)
        codes = rows.first()
        if codes is None or codes.wrap().did_view:
            return None
        wrapped = codes.wrap()
        wrapped.mark_as_viewed()
        return list(wrapped.generate_codes())


def _recovery_codes_for_first(user: User) -> bool:
    if Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).exists():
        return False
    RecoveryCodes.activate(user)
    return True


def _demand_no_rule(user: User) -> None:
    teams: Iterable[str] = [team.name for team in selectors.teams_that_require_a_factor(user)]
    if teams:
        raise Refusal(
            "FACTOR_REQUIRED",
            _("%(teams)s requires a second factor. Add another one first, then remove this one.")
            % {"teams": ", ".join(teams)},
        )


def _lock(user: User) -> None:
    """Let one change at a time pass, so that two cannot remove the last two factors."""
    User.objects.select_for_update().get(pk=user.pk)
