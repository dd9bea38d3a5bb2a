from django.urls import path

from teams import own_urls
from teams.views import switching

app_name = "teams"

urlpatterns = [
    path("switch", switching.switch, name="switch"),
    path("theme", switching.theme, name="theme"),
    *own_urls.urlpatterns,
]
