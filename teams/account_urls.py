"""The pages of django-allauth that this panel has.

The rest keep their names, which allauth reverses, and answer 404.
"""

from typing import Never

from allauth.account import views
from django.http import Http404, HttpRequest
from django.urls import path

from teams.access import Personal, declared, public
from teams.views import confirming, oidc, password, second_factor, sign_in


@public("a page that this panel does not have, for nobody")
def absent(request: HttpRequest, **kwargs: str) -> Never:
    """Answer for an allauth page that this panel does not have, such as sign-up."""
    raise Http404("not part of this panel")


urlpatterns = [
    path("login/", public("signing in")(sign_in.login), name="account_login"),
    path("login/passkey", second_factor.passkey, name="mfa_login_webauthn"),
    path("login/second", second_factor.second_factor, name="mfa_authenticate"),
    path("oidc/", oidc.begin, name="account_oidc"),
    path("oidc/back", oidc.back, name="account_oidc_back"),
    path("logout/", public("signing out, also twice")(views.logout), name="account_logout"),
    path(
        "password/change/",
        declared(password.password_change, Personal()),
        name="account_change_password",
    ),
    path("confirm", confirming.confirm, name="account_confirm"),
    path("reauthenticate/", absent, name="account_reauthenticate"),
    path(
        "inactive/",
        public("tells a person who was switched off")(views.account_inactive),
        name="account_inactive",
    ),
    path("signup/", absent, name="account_signup"),
    path("email/", absent, name="account_email"),
    path("confirm-email/", absent, name="account_email_verification_sent"),
    path("confirm-email/<str:key>/", absent, name="account_confirm_email"),
    path("password/set/", absent, name="account_set_password"),
    path("password/reset/", absent, name="account_reset_password"),
    path("password/reset/done/", absent, name="account_reset_password_done"),
    path("password/reset/key/<str:uidb36>-<str:key>/", absent, name="account_reset_password_from_key"),
    path("password/reset/key/done/", absent, name="account_reset_password_from_key_done"),
    path("login/code/confirm/", absent, name="account_confirm_login_code"),
    path("login/code/", absent, name="account_request_login_code"),
]
