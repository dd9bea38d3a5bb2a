from django.apps import AppConfig


class DeploysConfig(AppConfig):
    """Sources, plans, deploys, releases, redeploy."""

    name = "deploys"

    def ready(self) -> None:
        from core.registry import Panel, panels, search_sources
        from deploys import search

        panels.add("deploys.releases", Panel("project.main", "deploys:project_panel", order=20))
        search_sources.add("deploys", search.deploys)
        search_sources.add("releases", search.releases)
