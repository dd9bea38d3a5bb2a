from django.urls import path

from home import views
from home.metrics import metrics
from home.stops import views as stops

app_name = "home"

urlpatterns = [
    path("", views.home, name="home"),
    path("running", views.running, name="running"),
    path("balances", views.balances, name="balances"),
    path("search", views.search, name="search"),
    path("settings", views.settings, name="settings"),
    path("instance", views.instance, name="instance"),
    path("instance/teams", views.open_teams, name="open_teams"),
    path("instance/stops", stops.instance_stops, name="instance_stops"),
    path("instance/stops/new", stops.stop_instance, name="stop_instance"),
    path("instance/stops/lift", stops.resume_instance, name="resume_instance"),
    path("stops", stops.stops, name="stops"),
    path("stops/new", stops.stop_team, name="stop_team"),
    path("stops/lift", stops.resume_team, name="resume_team"),
    path("metrics", metrics, name="metrics"),
    path("readyz", views.readyz, name="readyz"),
]
