from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """People, teams, roles."""

    name = "teams"

    def ready(self) -> None:
        from teams import signing_in

        signing_in.connect()
