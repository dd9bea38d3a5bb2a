from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The money pages: wallets, funding, tiers, payments."""

    name = "billing"
