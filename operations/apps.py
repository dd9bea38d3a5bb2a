from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """The engine that does every effect, and the activity pages."""

    name = "operations"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from operations import demanding
        from operations.results import ResultColumn
        from wallets.sealed import MacColumn, sealed_columns

        sealed_columns.add("operations.Result.covered", ResultColumn())
        asked = MacColumn("operations.Approval", "mac", covered=demanding.covered)
        sealed_columns.add("operations.Approval.mac", asked)
        autodiscover_modules("handlers")

        from core.registry import erasers, leaver_sources, personal_data
        from operations import leaving, personal, retention
        from operations.watch.findings import register

        register()
        retention.register()
        personal_data.add("operations", personal.held)
        erasers.add("operations", personal.forget)
        leaver_sources.add("operations", leaving.of_leaver)
        self._decide_backup()

    def _decide_backup(self) -> None:
        from core.backup.tables import Table, keep, leave_out, tables
        from core.registry import after_restore
        from operations import restoring

        tables.add("operations.Operation", Table(scrub=restoring.without_passing_result))
        keep("operations.OperationEvent", "operations.OperationRequest", "operations.Approval")
        leave_out("worthless after a quarter of an hour", "operations.Result")
        leave_out("who is alive now", "operations.WorkerPulse", "operations.BeatPulse")
        leave_out("what is wrong, and how full the disk is, now", "operations.Trouble", "operations.DiskUse")
        after_restore.add("operations", restoring.hold_for_review)
