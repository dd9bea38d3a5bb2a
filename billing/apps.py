from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The money pages: wallets, funding, tiers, payments."""

    name = "billing"

    def ready(self) -> None:
        from allauth.mfa.models import Authenticator
        from django.db.models.signals import post_delete, post_save

        from billing import leaving, passkeys
        from billing.background import close_orphans, plan_frozen, plan_wallets
        from billing.search import find_wallets
        from core.registry import (
            erasers,
            leaver_sources,
            personal_data,
            planners,
            search_sources,
            truth_planners,
        )

        search_sources.add("wallets", find_wallets)
        truth_planners.add("frozen", plan_frozen)
        planners.add("wallets", plan_wallets)
        planners.add("payments", close_orphans)
        leaver_sources.add("wallets", leaving.of_leaver)
        leaver_sources.add("passkeys", passkeys.of_leaver)
        personal_data.add("passkeys", passkeys.of_person)
        erasers.add("passkeys", passkeys.erase)
        # Sign-in is a room below: its rows tell by signals, and in no other way, that a passkey came or went.
        post_save.connect(passkeys.on_saved, sender=Authenticator, dispatch_uid="billing.passkeys")
        post_delete.connect(passkeys.on_deleted, sender=Authenticator, dispatch_uid="billing.passkeys")
