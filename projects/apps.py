from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ProjectsConfig(AppConfig):
    """Projects and what belongs to one."""

    name = "projects"

    def ready(self) -> None:
        from core.backup.tables import keep, leave_out
        from core.registry import Panel, leaver_sources, panels, planners, scope_choices, search_sources
        from projects import leaving
        from projects.background import plan_projects
        from projects.keys import key_context
        from projects.search import find_projects, find_secrets
        from projects.secrets import drafts
        from projects.selectors import names_of
        from wallets.sealed import SealedColumn, sealed_columns

        sealed_columns.add(
            "projects.Project.service_key_sealed",
            SealedColumn(
                "projects.Project", "service_key_sealed", contexts=lambda row: (key_context(row.pk),)
            ),
        )
        search_sources.add("projects", find_projects)
        search_sources.add("secrets", find_secrets)
        drafts.register()
        planners.add("projects", plan_projects)
        panels.add(
            "projects.secrets",
            Panel("project.main", "projects:secrets_panel", gettext_lazy("Secrets"), order=40),
        )
        panels.add(
            "projects.record", Panel("project.main", "projects:record", gettext_lazy("Record"), order=90)
        )
        scope_choices.add("project", names_of)
        leaver_sources.add("projects", leaving.of_leaver)
        keep("projects.Project", "projects.Secret")
        leave_out("values that are on their way for half an hour at most", "projects.SecretDraft")
