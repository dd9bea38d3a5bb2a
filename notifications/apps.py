from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """What leaves the panel to reach a person: mail, from an outbox that a worker empties."""

    name = "notifications"

    def ready(self) -> None:
        from core.letters import carriers
        from core.registry import Panel, erasers, panels, personal_data
        from notifications import personal
        from notifications.services import carry
        from wallets.sealed import SealedColumn, sealed_columns
        from wallets.vault import Context

        text = SealedColumn(
            "notifications.Mail",
            "body_sealed",
            contexts=lambda row: (Context("notifications_mail", str(row.pk), "body"),),
        )
        sealed_columns.add("notifications.Mail.body_sealed", text)
        personal_data.add("notifications", personal.held)
        erasers.add("notifications", personal.forget)
        carriers.add("mail", carry)
        panels.add("mails", Panel("team.owners", "notifications:mails"))
