from django.apps import AppConfig
from django.db.models.signals import post_migrate


class WalletsConfig(AppConfig):
    """Wallets, vault, spending gate, gateways. No pages."""

    name = "wallets"

    def ready(self) -> None:
        from wallets.gateways import sync_after_migrate

        post_migrate.connect(sync_after_migrate, sender=self)

        from core.registry import personal_data
        from wallets import personal

        personal_data.add("wallets", personal.held)
