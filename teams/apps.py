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
        self._decide_backup()

    def _decide_backup(self) -> None:
        from core.backup.tables import keep, leave_out

        keep("teams.Instance", "teams.User", "teams.Team", "teams.Membership", "teams.Scope")
        keep("account.EmailAddress", "mfa.Authenticator")
        leave_out("everybody signs in again", "teams.Session")
        leave_out("links that let somebody in are asked for again", "teams.Invitation", "teams.RecoveryLink")
        leave_out("addresses are confirmed by invitations", "account.EmailConfirmation")
        leave_out("made by migrate, and the panel has permissions of its own", "contenttypes.ContentType")
        leave_out(
            "the panel has permissions of its own", "auth.Permission", "auth.Group", "auth.Group_permissions"
        )
