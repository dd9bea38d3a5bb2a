from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The money pages: wallets, funding, tiers, payments."""

    name = "billing"

    def ready(self) -> None:
        from allauth.mfa.models import Authenticator
        from allauth.mfa.signals import authenticator_added
        from django.db.models.signals import post_delete

        from billing import passkeys
        from billing.search import find_wallets
        from core.registry import leaver_sources, search_sources

        search_sources.add("wallets", find_wallets)
        leaver_sources.add("passkeys", passkeys.of_leaver)
        # The sign-in library tells by signals, and in no other way, that a passkey came or went.
        authenticator_added.connect(passkeys.on_added, dispatch_uid="billing.passkeys")
        post_delete.connect(passkeys.on_deleted, sender=Authenticator, dispatch_uid="billing.passkeys")
