from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Append-only, hash-chained record of who did what."""

    name = "audit"

    def ready(self) -> None:
        from audit import personal, restoring
        from core.backup.tables import keep
        from core.registry import after_restore, erasers, personal_data

        personal_data.add("audit", personal.held)
        erasers.add("audit", personal.forget)
        keep("audit.Chain", "audit.Event", "audit.Mention", "audit.SignedHead")
        after_restore.add("audit", restoring.tell)
