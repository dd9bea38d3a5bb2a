from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class JobsConfig(AppConfig):
    """Runs of what Run402 manages: submitted with a cost cap, followed, settled."""

    name = "jobs"

    def ready(self) -> None:
        from core import happenings
        from core.backup.tables import keep
        from core.registry import (
            Panel,
            belongings,
            operation_keepers,
            panels,
            personal_data,
            planners,
            project_endings,
            reservation_keepers,
            search_sources,
        )
        from jobs import background, belonging, personal, search, selectors, telling

        panels.add(
            "jobs.project", Panel("project.main", "jobs:project_panel", gettext_lazy("Jobs"), order=40)
        )
        belongings.add("jobs", belonging.of_project)
        project_endings.add("jobs", belonging.end_with_project)
        search_sources.add("jobs", search.jobs)
        planners.add("jobs", background.plan_jobs)
        reservation_keepers.add("jobs", background.reserved_still)
        happenings.watches.add("jobs", telling.ended)
        operation_keepers.add("jobs", selectors.operations_named)
        personal_data.add("jobs", personal.held)
        keep("jobs.Job")
