from django.apps import AppConfig
from django.db.models.signals import post_migrate


class WalletsConfig(AppConfig):
    """Wallets, vault, spending gate, gateways. No pages."""

    name = "wallets"

    def ready(self) -> None:
        from core.registry import scope_choices
        from wallets.gateways import sync_after_migrate
        from wallets.selectors import names_of

        scope_choices.add("wallet", names_of)
        post_migrate.connect(sync_after_migrate, sender=self)
