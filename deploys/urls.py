from django.urls import URLPattern

app_name = "deploys"

urlpatterns: list[URLPattern] = []
