from django.urls import path

from projects import views

app_name = "projects"

urlpatterns = [
    path("", views.index, name="list"),
    path("new", views.new, name="new"),
    path("<uuid:pk>", views.detail, name="detail"),
    path("<uuid:pk>/mirror", views.mirror, name="mirror"),
    path("<uuid:pk>/refresh", views.refresh, name="refresh"),
    path("<uuid:pk>/service-key", views.service_key, name="service_key"),
    path("<uuid:pk>/again", views.again, name="again"),
    path("<uuid:pk>/panels/record", views.record, name="record"),
]
