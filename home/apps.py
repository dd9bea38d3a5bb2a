from django.apps import AppConfig


class HomeConfig(AppConfig):
    """Home, search, first minutes: composes what the other rooms offer."""

    name = "home"
