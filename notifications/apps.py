from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """What leaves the panel to reach a person: mail, from an outbox that a worker empties."""

    name = "notifications"

    def ready(self) -> None:
        from core.letters import carriers
        from core.registry import Panel, panels
        from notifications.services import carry

        carriers.add("mail", carry)
        panels.add("mails", Panel("team.owners", "notifications:mails"))
