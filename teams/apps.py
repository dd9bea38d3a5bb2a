from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """People, teams, roles."""

    name = "teams"
