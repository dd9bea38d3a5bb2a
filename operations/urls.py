from django.urls import path

from operations import views

app_name = "operations"

urlpatterns = [
    path("", views.index, name="list"),
    path("export", views.export, name="export"),
    path("<uuid:pk>", views.detail, name="detail"),
    path("<uuid:pk>/record", views.about, name="record"),
    path("<uuid:pk>/strip", views.strip, name="strip"),
    path("<uuid:pk>/events", views.events, name="events"),
    path("<uuid:pk>/cancel", views.cancel, name="cancel"),
    path("<uuid:pk>/support", views.support_text, name="support"),
    path("<uuid:pk>/resume", views.resume, name="resume"),
    path("<uuid:pk>/inspect", views.inspect, name="inspect"),
    path("<uuid:pk>/mark", views.mark, name="mark"),
    path("<uuid:pk>/consent", views.confirm, name="consent"),
    path("<uuid:pk>/sealed", views.sealed, name="sealed"),
    path("<uuid:pk>/approve", views.approve, name="approve"),
    path("<uuid:pk>/decline", views.decline, name="decline"),
]
