from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The money pages: wallets, funding, tiers, payments."""

    name = "billing"

    def ready(self) -> None:
        from billing.search import find_wallets
        from core.registry import search_sources

        search_sources.add("wallets", find_wallets)
