from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Shared kernel: errors, http helpers, registries, template tags."""

    name = "core"
