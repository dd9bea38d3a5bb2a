"""Which migrations a backup's rows belong to, and how an empty database gets there."""

from __future__ import annotations

from collections.abc import Iterable

from django.apps.registry import Apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core.backup.archive import BackupError, Manifest

Node = tuple[str, str]


def models_of(manifest: Manifest) -> Apps:
    """Return the models as they were when the backup was made; the database has their tables then.

    A database that nothing was migrated into is migrated as far as the backup's was. Raises BackupError.
    """
    executor = MigrationExecutor(connection)
    wanted = {(app, name) for app, name in manifest.migrations}
    known = set(executor.loader.graph.nodes)
    applied = set(executor.loader.applied_migrations)
    targets = _ends(executor, wanted & known)
    if wanted - known:
        raise BackupError(
            f"This backup was made by panel {manifest.panel}, which has changes to the database that this version"
            " does not know. Install that version or a later one. Nothing was restored."
        )
    if not applied:
        executor.migrate(targets)
    elif applied & known != wanted:
        raise BackupError(
            "This backup was made before later changes to the database. Give it a database that nothing was migrated"
            " into: restore migrates it as far as the backup's was, and then on. Nothing was restored."
        )
    return executor.loader.project_state(targets).apps


def _ends(executor: MigrationExecutor, nodes: Iterable[Node]) -> list[Node]:
    """Return the last of these migrations of each application."""
    chosen, graph = set(nodes), executor.loader.graph
    return sorted(
        node
        for node in chosen
        if not any(child.key in chosen and child.key[0] == node[0] for child in graph.node_map[node].children)
    )


def migrate_on() -> None:
    """Migrate the rest of the way, with whatever rooms do after a migration."""
    call_command("migrate", verbosity=0)
