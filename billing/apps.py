from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class BillingConfig(AppConfig):
    """The money pages: wallets, funding, tiers, payments."""

    name = "billing"

    def ready(self) -> None:
        from allauth.mfa.models import Authenticator
        from django.db.models.signals import post_delete, post_save

        from billing import card_told, checkouts, elsewhere, leaving, passkeys, renewals
        from billing.background import close_orphans, plan_frozen, plan_outside, plan_wallets
        from billing.search import find_wallets
        from core import happenings
        from core.registry import (
            Panel,
            erasers,
            leaver_sources,
            panels,
            personal_data,
            planners,
            search_sources,
            truth_planners,
        )

        search_sources.add("wallets", find_wallets)
        panels.add(
            "billing.costs", Panel("project.main", "billing:project_costs", gettext_lazy("Costs"), order=50)
        )
        truth_planners.add("frozen", plan_frozen)
        planners.add("wallets", plan_wallets)
        planners.add("outside", plan_outside)
        happenings.watches.add("renewals", renewals.low)
        happenings.watches.add("outside", elsewhere.found)
        happenings.watches.add("cards", card_told.arrived)
        planners.add("payments", close_orphans)
        planners.add("checkouts", checkouts.plan)
        leaver_sources.add("wallets", leaving.of_leaver)
        leaver_sources.add("passkeys", passkeys.of_leaver)
        personal_data.add("passkeys", passkeys.of_person)
        erasers.add("passkeys", passkeys.erase)
        # Sign-in is a room below: its rows tell by signals, and in no other way, that a passkey came or went.
        post_save.connect(passkeys.on_saved, sender=Authenticator, dispatch_uid="billing.passkeys")
        post_delete.connect(passkeys.on_deleted, sender=Authenticator, dispatch_uid="billing.passkeys")
