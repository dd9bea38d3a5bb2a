"""Addresses of this room."""

from django.urls import URLPattern, path

from jobs import views

app_name = "jobs"

urlpatterns: list[URLPattern] = [
    path("jobs", views.jobs, name="list"),
    path("jobs/new", views.new, name="new"),
    path("jobs/<uuid:pk>", views.detail, name="detail"),
    path("jobs/<uuid:pk>/live", views.live, name="live"),
    path("jobs/<uuid:pk>/record", views.record, name="record"),
    path("jobs/<uuid:pk>/cancel", views.cancel, name="cancel"),
    path("jobs/<uuid:pk>/again", views.again, name="again"),
    path("jobs/<uuid:pk>/fetch", views.fetch, name="fetch"),
    path("jobs/<uuid:pk>/artifact", views.artifact, name="artifact"),
    path("projects/<uuid:pk>/panels/jobs", views.project_panel, name="project_panel"),
]
