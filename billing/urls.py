from django.urls import path

from billing.views import exporting, freezing, passkeys, payees, payments, retiring, sharing, tiers, wallets

app_name = "billing"

urlpatterns = [
    path("wallets/", wallets.index, name="wallets"),
    path("wallets/new", wallets.new, name="wallet_new"),
    path("wallets/import", wallets.import_, name="wallet_import"),
    path("wallets/<uuid:pk>", wallets.detail, name="wallet"),
    path("wallets/<uuid:pk>/address", wallets.receive, name="wallet_receive"),
    path("wallets/<uuid:pk>/money", wallets.money, name="wallet_money"),
    path("wallets/<uuid:pk>/faucet", wallets.faucet, name="faucet"),
    path("wallets/<uuid:pk>/refresh", wallets.refresh, name="refresh"),
    path("wallets/<uuid:pk>/record", wallets.record, name="wallet_record"),
    path("wallets/<uuid:pk>/owner", wallets.owner, name="wallet_owner"),
    path("wallets/<uuid:pk>/limits", wallets.limits, name="limits"),
    path("wallets/<uuid:pk>/export", exporting.export, name="wallet_export"),
    path("wallets/<uuid:pk>/freeze", freezing.freeze, name="wallet_freeze"),
    path("wallets/<uuid:pk>/unfreeze", freezing.unfreeze, name="wallet_unfreeze"),
    path("wallets/<uuid:pk>/unfreeze/stop", freezing.stop, name="wallet_unfreeze_stop"),
    path("wallets/<uuid:pk>/users", sharing.users, name="wallet_users"),
    path("wallets/<uuid:pk>/sharing", sharing.sharing, name="wallet_sharing"),
    path("wallets/<uuid:pk>/sharing/open", sharing.set_open, name="wallet_open"),
    path("wallets/<uuid:pk>/sharing/team/end", sharing.end_team_share, name="wallet_share_team_end"),
    path("wallets/<uuid:pk>/shares/<uuid:user_id>/end", sharing.end_share, name="wallet_share_end"),
    path("wallets/<uuid:pk>/custodians", sharing.name_custodian, name="wallet_custodians"),
    path(
        "wallets/<uuid:pk>/custodians/<uuid:user_id>/end", sharing.end_custodian, name="wallet_custodian_end"
    ),
    path("wallets/<uuid:pk>/name", sharing.rename, name="wallet_name"),
    path("wallets/<uuid:pk>/replace", retiring.replace, name="wallet_replace"),
    path("wallets/<uuid:pk>/retire", retiring.retire, name="wallet_retire"),
    path("wallets/<uuid:pk>/tier/<slug:tier>", tiers.confirm, name="tier"),
    path("passkeys", passkeys.index, name="passkeys"),
    path("passkeys/trust", passkeys.trust, name="passkeys_trust"),
    path("passkeys/<uuid:pk>/refuse", passkeys.refuse, name="passkey_refuse"),
    path("payees", payees.index, name="payees"),
    path("payees/<uuid:pk>/confirm", payees.confirm, name="payee_confirm"),
    path("tiers", tiers.index, name="tiers"),
    path("tiers/refresh", tiers.refresh, name="tiers_refresh"),
    path("payments", payments.index, name="payments"),
    path("payments/<uuid:pk>", payments.detail, name="payment"),
    path("payments/<uuid:pk>/reconcile", payments.reconcile, name="reconcile"),
    path("payments/<uuid:pk>/decide", payments.decide, name="decide"),
]
