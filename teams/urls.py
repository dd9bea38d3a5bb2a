from django.urls import path

from teams import own_urls
from teams.views import own_data, recovery, switching

app_name = "teams"

urlpatterns = [
    path("switch", switching.switch, name="switch"),
    path("account/data", own_data.page, name="own_data"),
    path("account/data/export", own_data.export, name="export"),
    path("recover/<str:token>", recovery.recover, name="recover"),
    path("theme", switching.theme, name="theme"),
    *own_urls.urlpatterns,
]
