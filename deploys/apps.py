from django.apps import AppConfig


class DeploysConfig(AppConfig):
    """Sources, plans, deploys, releases, redeploy."""

    name = "deploys"

    def ready(self) -> None:
        from core.backup.folders import folders
        from core.backup.tables import keep
        from core.registry import Panel, operation_keepers, panels, personal_data, search_sources
        from deploys import collecting, personal, search, selectors, store

        panels.add("deploys.releases", Panel("project.main", "deploys:project_panel", order=20))
        search_sources.add("deploys", search.deploys)
        search_sources.add("releases", search.releases)
        personal_data.add("deploys", personal.held)
        operation_keepers.add("deploys", selectors.operations_named)
        collecting.register()
        keep("deploys.Source", "deploys.Release", "deploys.Deploy")
        folders.add("store", store.Stored())
