from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """People, teams, roles."""

    name = "teams"

    def ready(self) -> None:
        from core.registry import erasers, leaver_sources, personal_data
        from teams import leaving
        from teams.services import own_data

        personal_data.add("account", own_data.account)
        personal_data.add("sessions", own_data.sessions)
        erasers.add("account", own_data.forget)
        from teams import signing_in

        signing_in.connect()
        leaver_sources.add("teams", leaving.of_teams)
