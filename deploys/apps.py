from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class DeploysConfig(AppConfig):
    """Sources, plans, deploys, releases, redeploy."""

    name = "deploys"

    def ready(self) -> None:
        from core.backup.folders import folders
        from core.backup.tables import keep
        from core.registry import (
            Panel,
            belongings,
            operation_keepers,
            panels,
            personal_data,
            project_endings,
            search_sources,
            secret_needs,
        )
        from deploys import belonging, collecting, needs, personal, search, selectors, store

        panels.add(
            "deploys.releases",
            Panel("project.main", "deploys:project_panel", gettext_lazy("Deploys"), order=20),
        )
        belongings.add("deploys", belonging.of_project)
        project_endings.add("deploys", belonging.end_with_project)
        search_sources.add("deploys", search.deploys)
        search_sources.add("releases", search.releases)
        personal_data.add("deploys", personal.held)
        operation_keepers.add("deploys", selectors.operations_named)
        secret_needs.add("deploys", needs.of_projects)
        collecting.register()
        keep("deploys.Source", "deploys.Release", "deploys.Deploy")
        folders.add("store", store.Stored())
