from django.apps import AppConfig
from django.db.models.signals import post_migrate


class WalletsConfig(AppConfig):
    """Wallets, vault, spending gate, gateways. No pages."""

    name = "wallets"

    def ready(self) -> None:
        from core.registry import erasers, operation_keepers, personal_data, scope_choices, wallet_shares
        from wallets import (
            freezing,
            passkeys,
            payees,
            personal,
            policies,
            signer,
            spending,
            thresholds,
            unfreezing,
        )
        from wallets.gateways import sync_after_migrate
        from wallets.sealed import MacColumn, SealedColumn, sealed_columns
        from wallets.selectors import names_of, operations_paid
        from wallets.sharing import shares_of

        key = SealedColumn("wallets.Wallet", "key_sealed", contexts=signer.contexts)
        sealed_columns.add("wallets.Wallet.key_sealed", key)
        authorization = SealedColumn(
            "wallets.Payment", "authorization_sealed", ("wallet",), lambda row: (spending.context(row),)
        )
        sealed_columns.add("wallets.Payment.authorization_sealed", authorization)
        limits = MacColumn("wallets.SpendPolicy", "mac", ("wallet",), policies.covered)
        sealed_columns.add("wallets.SpendPolicy.mac", limits)
        payee = MacColumn("wallets.Payee", "mac", ("gateway",), payees.covered)
        sealed_columns.add("wallets.Payee.mac", payee)
        passkey = MacColumn("wallets.TrustedPasskey", "mac", covered=passkeys.covered)
        sealed_columns.add("wallets.TrustedPasskey.mac", passkey)
        first = MacColumn("wallets.FirstPasskey", "mac", covered=passkeys.first_covered)
        sealed_columns.add("wallets.FirstPasskey.mac", first)
        lifted = MacColumn("wallets.Freeze", "lift_mac", covered=freezing.covered)
        sealed_columns.add("wallets.Freeze.lift_mac", lifted)
        agreed = MacColumn("wallets.Unfreezing", "mac", covered=unfreezing.covered)
        sealed_columns.add("wallets.Unfreezing.mac", agreed)
        threshold = MacColumn("wallets.ApprovalRule", "mac", covered=thresholds.covered)
        sealed_columns.add("wallets.ApprovalRule.mac", threshold)
        wallet_shares.add("wallets", shares_of)
        scope_choices.add("wallet", names_of)
        post_migrate.connect(sync_after_migrate, sender=self)
        personal_data.add("wallets", personal.held)
        erasers.add("wallets", personal.forget)
        operation_keepers.add("payments", operations_paid)
        self._decide_backup()

    def _decide_backup(self) -> None:
        from core.backup.tables import Table, keep, leave_out, tables
        from core.registry import after_restore
        from wallets import restoring

        keep(
            "wallets.Wallet",
            "wallets.SpendPolicy",
            "wallets.ApprovalRule",
            "wallets.Payment",
            "wallets.TrustedPasskey",
            "wallets.Halt",
            "wallets.Freeze",
            "wallets.Payee",
            "wallets.WalletShare",
            "wallets.Custodian",
            "wallets.Checkout",
        )
        tables.add("wallets.Gateway", Table(made_by_migrate=True))
        leave_out("whoever wants a wallet to pay again says so again", "wallets.Unfreezing")
        leave_out("how a gateway answers now", "wallets.GatewayStanding")
        leave_out("an operator gives it again where it is needed", "wallets.FirstPasskey")
        after_restore.add("halt", restoring.halt)
        after_restore.add("wallets", restoring.freeze)
