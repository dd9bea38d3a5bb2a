from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class NotificationsConfig(AppConfig):
    """How people hear of things: an inbox, mail from an outbox that a worker empties, webhooks of teams."""

    name = "notifications"

    def ready(self) -> None:
        from core.happenings import tellers
        from core.letters import carriers
        from core.registry import Panel, erasers, leaver_sources, outcome_listeners, panels, personal_data
        from notifications import outcomes, people, retention, telling
        from notifications.services import body_of, carry
        from notifications.services.hooks import secret_of, url_of
        from wallets.sealed import SealedColumn, sealed_columns

        carriers.add("mail", carry)
        tellers.add("notices", telling.tell)
        outcome_listeners.add("notices", outcomes.on_outcome)
        panels.add("mails", Panel("team.owners", "notifications:mails", gettext_lazy("Mails")))
        leaver_sources.add("hooks", people.of_leaver)
        personal_data.add("notifications", people.of_person)
        erasers.add("notifications", people.erase)
        retention.register()
        text = SealedColumn("notifications.Mail", "body_sealed", contexts=lambda row: (body_of(row),))
        sealed_columns.add("notifications.Mail.body_sealed", text)
        url = SealedColumn("notifications.Hook", "url_sealed", contexts=lambda row: (url_of(row),))
        sealed_columns.add("notifications.Hook.url_sealed", url)
        secret = SealedColumn("notifications.Hook", "secret_sealed", contexts=lambda row: (secret_of(row),))
        sealed_columns.add("notifications.Hook.secret_sealed", secret)
        self._decide_backup()

    def _decide_backup(self) -> None:
        from core.backup.tables import Table, keep, tables
        from core.registry import after_restore
        from notifications import restoring

        keep("notifications.Hook", "notifications.Delivery", "notifications.Notice", "notifications.MailRule")
        tables.add("notifications.Mail", Table(scrub=restoring.without_letter))
        after_restore.add("notifications", restoring.fall_silent)
