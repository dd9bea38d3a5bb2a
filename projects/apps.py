from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Projects and what belongs to one."""

    name = "projects"

    def ready(self) -> None:
        from core.registry import Panel, panels, search_sources
        from projects.search import find_projects

        search_sources.add("projects", find_projects)
        panels.add("projects.record", Panel("project.main", "projects:record", order=90))
