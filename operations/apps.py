from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """The engine that does every effect, and the activity pages."""

    name = "operations"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        autodiscover_modules("handlers")
