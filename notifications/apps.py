from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """What leaves the panel to reach a person: mail, from an outbox that a worker empties."""

    name = "notifications"

    def ready(self) -> None:
        from core.letters import carriers
        from core.registry import Panel, panels
        from notifications.services import carry
        from wallets.sealed import SealedColumn, sealed_columns
        from wallets.vault import Context

        text = SealedColumn(
            "notifications.Mail",
            "body_sealed",
            contexts=lambda row: (Context("notifications_mail", str(row.pk), "body"),),
        )
        sealed_columns.add("notifications.Mail.body_sealed", text)
        carriers.add("mail", carry)
        panels.add("mails", Panel("team.owners", "notifications:mails"))
