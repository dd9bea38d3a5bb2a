from django.urls import path

from teams import own_urls
from teams.views import invitations, leaving, members, own_data, recovery, rules, switching, teams

app_name = "teams"

urlpatterns = [
    path("switch", switching.switch, name="switch"),
    path("account/data", own_data.page, name="own_data"),
    path("account/data/export", own_data.export, name="export"),
    path("recover/<str:token>", recovery.recover, name="recover"),
    path("theme", switching.theme, name="theme"),
    path("team", members.index, name="members"),
    path("team/members/<uuid:pk>", members.detail, name="member"),
    path("team/members/<uuid:pk>/role", members.role, name="member_role"),
    path("team/members/<uuid:pk>/scopes", members.scopes, name="member_scopes"),
    path("team/members/<uuid:pk>/remove", members.remove, name="member_remove"),
    path("team/leaving/<uuid:pk>", leaving.report, name="leaving"),
    path("team/leaving/<uuid:pk>/sessions", leaving.sessions, name="leaver_sessions"),
    path("team/leave", members.leave, name="leave"),
    path("team/transfer", members.transfer, name="transfer"),
    path("team/invite", invitations.invite, name="invite"),
    path("team/invitations/<uuid:pk>/again", invitations.again, name="invitation_again"),
    path("team/invitations/<uuid:pk>/withdraw", invitations.withdraw, name="invitation_withdraw"),
    path("team/rules", rules.rules, name="rules"),
    path("team/rules/save", rules.save, name="rules_save"),
    path("team/name", rules.rename, name="rename"),
    path("teams/new", teams.new, name="new"),
    path("no-team", teams.none, name="none"),
    path("invitation/<str:token>", invitations.accept, name="invitation"),
    *own_urls.urlpatterns,
]
