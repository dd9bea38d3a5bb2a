"""Addresses of this room; those of releases lie under their project."""

from django.urls import URLPattern, path

from deploys.views import deploys, files, releases, routes

app_name = "deploys"

urlpatterns: list[URLPattern] = [
    path("deploys", deploys.deploys, name="list"),
    path("deploys/new", deploys.new, name="new"),
    path("deploys/<uuid:pk>", deploys.detail, name="detail"),
    path("deploys/<uuid:pk>/live", deploys.live, name="live"),
    path("deploys/<uuid:pk>/record", deploys.record, name="record"),
    path("deploys/<uuid:pk>/confirm", deploys.confirm, name="confirm"),
    path("deploys/<uuid:pk>/cancel", deploys.cancel, name="cancel"),
    path("deploys/<uuid:pk>/again", deploys.again, name="again"),
    path("deploys/<uuid:pk>/resume", deploys.resume, name="resume"),
    path("projects/<uuid:pk>/releases", releases.releases, name="releases"),
    path("projects/<uuid:pk>/releases/diff", releases.diff, name="diff"),
    path("projects/<uuid:pk>/releases/<uuid:release>", releases.release, name="release"),
    path("projects/<uuid:pk>/releases/<uuid:release>/redeploy", releases.redeploy, name="redeploy"),
    path("projects/<uuid:pk>/releases/<uuid:release>/file", files.release_file, name="release_file"),
    path("projects/<uuid:pk>/routes", routes.table, name="routes"),
    path("projects/<uuid:pk>/routes/edit", routes.edit, name="routes_edit"),
    path("projects/<uuid:pk>/xray", routes.xray, name="xray"),
    path("raw/<str:capability>", files.serve, name="raw"),
    path("projects/<uuid:pk>/panels/releases", releases.project_panel, name="project_panel"),
]
