from django.urls import path

from home import views
from home.metrics import metrics

app_name = "home"

urlpatterns = [
    path("", views.home, name="home"),
    path("running", views.running, name="running"),
    path("balances", views.balances, name="balances"),
    path("search", views.search, name="search"),
    path("settings", views.settings, name="settings"),
    path("instance", views.instance, name="instance"),
    path("instance/teams", views.open_teams, name="open_teams"),
    path("metrics", metrics, name="metrics"),
    path("readyz", views.readyz, name="readyz"),
]
