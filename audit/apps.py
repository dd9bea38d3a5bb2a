from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Append-only, hash-chained record of who did what."""

    name = "audit"

    def ready(self) -> None:
        from audit import personal
        from core.registry import erasers, personal_data

        personal_data.add("audit", personal.held)
        erasers.add("audit", personal.forget)
