"""The second step of signing in, unless the operator trusts the issuer's own."""

from __future__ import annotations

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.http import HttpRequest


class SecondStage(AuthenticateStage):  # type: ignore[misc]  # allauth ships no types
    """allauth's, with PANEL_OIDC_TRUST_MFA."""

    def _should_handle(self, request: HttpRequest) -> bool:
        records = get_authentication_records(request, self.login.user)
        if settings.OIDC_TRUST_MFA and any(record.get("method") == "oidc" for record in records):
            return False
        return bool(super()._should_handle(request))
