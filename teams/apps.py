from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """People, teams, roles."""

    name = "teams"

    def ready(self) -> None:
        from core.registry import personal_data
        from teams.services import own_data

        personal_data.add("account", own_data.account)
        from teams import signing_in

        signing_in.connect()
