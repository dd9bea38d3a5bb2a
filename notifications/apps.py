from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """What leaves the panel to reach a person: mail, from an outbox that a worker empties."""

    name = "notifications"
