"""All addresses of the panel; each room has its own `urls.py`."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from core import views as core_views
from teams.access import public

handler400 = "core.views.bad_request"
handler403 = "core.views.forbidden"
handler404 = "core.views.not_found"
handler500 = "core.views.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("teams.account_urls")),
    path("", include("home.urls")),
    path("", include("teams.urls")),
    path("", include("notifications.urls")),
    path("projects/", include("projects.urls")),
    path("", include("deploys.urls")),
    path("", include("jobs.urls")),
    path("", include("billing.urls")),
    path("activity/", include("operations.urls")),
    path("livez", public("asked by whoever watches the process")(core_views.livez), name="livez"),
]

if settings.PANEL_ENV in ("development", "demo", "test"):
    from core.styleguide import styleguide

    open_styleguide = public("components with made-up values; not routed in production")(styleguide)
    urlpatterns.append(path("styleguide", open_styleguide, name="styleguide"))
