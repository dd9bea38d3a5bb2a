from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Projects and what belongs to one."""

    name = "projects"
