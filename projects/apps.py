from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Projects and what belongs to one."""

    name = "projects"

    def ready(self) -> None:
        from core.registry import scope_choices, search_sources
        from projects.search import find_projects
        from projects.selectors import names_of

        search_sources.add("projects", find_projects)
        scope_choices.add("project", names_of)
