from django.apps import AppConfig


class DeploysConfig(AppConfig):
    """Sources, plans, deploys, releases, redeploy."""

    name = "deploys"
