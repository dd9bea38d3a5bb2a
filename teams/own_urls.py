"""The pages of one's own account, under /account/. They belong to the namespace `teams`."""

from django.urls import path

from teams.views import security, sessions

urlpatterns = [
    path("account/security", security.security, name="security"),
    path("account/security/passkeys/new", security.add_passkey, name="passkey_new"),
    path("account/security/passkeys/<int:pk>/name", security.rename_passkey, name="passkey_rename"),
    path("account/security/factors/<int:pk>/remove", security.remove, name="factor_remove"),
    path("account/security/app", security.add_app, name="app_new"),
    path("account/security/codes", security.codes, name="codes"),
    path("account/security/codes/new", security.renew_codes, name="codes_new"),
    path("account/sessions", sessions.sessions, name="sessions"),
    path("account/sessions/others/end", sessions.end_others, name="sessions_end_others"),
    path("account/sessions/<uuid:pk>/end", sessions.end, name="session_end"),
]
