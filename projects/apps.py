from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Projects and what belongs to one."""

    name = "projects"

    def ready(self) -> None:
        from core.backup.tables import keep
        from core.registry import Panel, leaver_sources, panels, planners, scope_choices, search_sources
        from projects import leaving
        from projects.background import plan_projects
        from projects.keys import key_context
        from projects.search import find_projects
        from projects.selectors import names_of
        from wallets.sealed import SealedColumn, sealed_columns

        sealed_columns.add(
            "projects.Project.service_key_sealed",
            SealedColumn(
                "projects.Project", "service_key_sealed", contexts=lambda row: (key_context(row.pk),)
            ),
        )
        search_sources.add("projects", find_projects)
        planners.add("projects", plan_projects)
        panels.add("projects.record", Panel("project.main", "projects:record", order=90))
        scope_choices.add("project", names_of)
        leaver_sources.add("projects", leaving.of_leaver)
        keep("projects.Project")
