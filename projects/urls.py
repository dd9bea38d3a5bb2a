from django.urls import path

from projects.secrets import views as secrets
from projects.views import adopting, deleting, projects

app_name = "projects"

urlpatterns = [
    path("", projects.index, name="list"),
    path("new", projects.new, name="new"),
    path("adopt", adopting.adopt, name="adopt"),
    path("<uuid:pk>", projects.detail, name="detail"),
    path("<uuid:pk>/mirror", projects.mirror, name="mirror"),
    path("<uuid:pk>/refresh", projects.refresh, name="refresh"),
    path("<uuid:pk>/service-key", projects.service_key, name="service_key"),
    path("<uuid:pk>/delete", deleting.delete, name="delete"),
    path("<uuid:pk>/again", projects.again, name="again"),
    path("secrets", secrets.everywhere, name="secrets_all"),
    path("<uuid:pk>/secrets", secrets.index, name="secrets"),
    path("<uuid:pk>/secrets/refresh", secrets.refresh, name="secrets_refresh"),
    path("<uuid:pk>/secrets/set", secrets.new, name="secret_set"),
    path("<uuid:pk>/secrets/env", secrets.env, name="secrets_env"),
    path("<uuid:pk>/secrets/preview", secrets.preview, name="secrets_preview"),
    path("<uuid:pk>/secrets/forget", secrets.forget, name="secrets_forget"),
    path("<uuid:pk>/secrets/delete", secrets.delete, name="secret_delete"),
    path("<uuid:pk>/panels/secrets", secrets.panel, name="secrets_panel"),
    path("<uuid:pk>/panels/record", projects.record, name="record"),
]
