from django.urls import path

from teams import views

app_name = "teams"

urlpatterns = [
    path("switch", views.switch, name="switch"),
    path("theme", views.theme, name="theme"),
]
