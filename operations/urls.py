from django.urls import path

from operations.views import activity, approving, consenting, deciding, detail

app_name = "operations"

urlpatterns = [
    path("", activity.index, name="list"),
    path("export", activity.export, name="export"),
    path("export/operations", activity.export_operations, name="export_operations"),
    path("<uuid:pk>", detail.detail, name="detail"),
    path("<uuid:pk>/record", activity.about, name="record"),
    path("<uuid:pk>/strip", detail.strip, name="strip"),
    path("<uuid:pk>/events", detail.events, name="events"),
    path("<uuid:pk>/support", detail.support, name="support"),
    path("<uuid:pk>/cancel", deciding.cancel, name="cancel"),
    path("<uuid:pk>/resume", deciding.resume, name="resume"),
    path("<uuid:pk>/inspect", deciding.inspect, name="inspect"),
    path("<uuid:pk>/mark", deciding.mark, name="mark"),
    path("<uuid:pk>/consent", consenting.confirm, name="consent"),
    path("<uuid:pk>/sealed", consenting.sealed, name="sealed"),
    path("<uuid:pk>/approval", approving.approval, name="approval"),
    path("<uuid:pk>/approve", approving.approve, name="approve"),
    path("<uuid:pk>/approve/passkey", approving.approve_real, name="approve_real"),
    path("<uuid:pk>/decline", approving.decline, name="decline"),
]
