from django.urls import path

from notifications.views import hooks, inbox, mails, rules

app_name = "notifications"

urlpatterns = [
    path("team/<uuid:pk>/mails", mails.mails, name="mails"),
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/read", inbox.read_all, name="read_all"),
    path("inbox/<uuid:pk>/read", inbox.read, name="read"),
    path("settings/notices", rules.rules, name="rules"),
    path("settings/webhooks", hooks.hooks, name="hooks"),
    path("settings/webhooks/new", hooks.new, name="hook_new"),
    path("settings/webhooks/<uuid:pk>", hooks.hook, name="hook"),
    path("settings/webhooks/<uuid:pk>/change", hooks.change, name="hook_change"),
    path("settings/webhooks/<uuid:pk>/secret", hooks.secret, name="hook_secret"),
    path("settings/webhooks/<uuid:pk>/on", hooks.on, name="hook_on"),
    path("settings/webhooks/<uuid:pk>/off", hooks.off, name="hook_off"),
    path("settings/webhooks/<uuid:pk>/remove", hooks.remove, name="hook_remove"),
    path("settings/webhooks/<uuid:pk>/test", hooks.test, name="hook_test"),
    path("settings/webhooks/deliveries/<uuid:pk>/resend", hooks.resend, name="resend"),
]
