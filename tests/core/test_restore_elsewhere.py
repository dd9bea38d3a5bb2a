"""A backup goes into a database of its own, of either engine, and from an earlier version to this one."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model
from pytest_django import Settings

from core.backup import archive, making
from core.backup.archive import Manifest, Writer
from tests.factories import MembershipFactory, OperationFactory, ProjectFactory, WalletFactory
from tests.operations.processes import environment
from tools.layout import ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

#: What a restore itself writes to; all other tables come back as they were.
TOUCHED = ("audit.", "operations.", "notifications.", "wallets.")
FROZEN = ["wallets", "0006_wallet_frozen"]


@pytest.fixture
def file(tmp_path: Path, settings: Settings) -> Path:
    """A backup of this test's database."""
    settings.STORE_DIR = tmp_path / "store"
    membership = MembershipFactory.create()
    wallet = WalletFactory.create(team=membership.team, key_sealed=b"\x00sealed\xff")
    ProjectFactory.create(team=membership.team, wallet=wallet, usage={"b": 1, "a": [None, 1.5]})
    OperationFactory.create(team=membership.team, wallet=wallet, gateway=wallet.gateway)
    making.to_file(tmp_path / "panel.tar")
    return tmp_path / "panel.tar"


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """The environment of another instance, on the other engine if there are two, into which nothing was migrated."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    own = {"PANEL_DATA": str(folder), "PANEL_DATABASE_URL": ""}
    return {**environment(tmp_path), **own}


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as another instance."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def manifest_of(path: Path) -> Manifest:
    with tarfile.open(path) as tar:
        member = tar.extractfile(archive.MANIFEST)
        assert member is not None
        return Manifest.from_json(member.read())


def untouched(path: Path) -> dict[str, str]:
    """Return the digests of the tables that a restore writes nothing to."""
    parts = manifest_of(path).parts
    return {
        name: digest
        for name, digest in parts.items()
        if not name.startswith(tuple(f"tables/{t}" for t in TOUCHED))
    }


def test_a_backup_comes_back_the_same_out_of_every_engine(
    file: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    """Into SQLite; where the tests run on PostgreSQL, from there into another database of that."""
    engines = []
    with another_postgresql(tmp_path) as addresses:
        for number, address in enumerate(["", *addresses]):
            there, came = {**elsewhere, "PANEL_DATABASE_URL": address}, tmp_path / f"again-{number}.tar"
            done = manage(there, "restore", str(file))
            assert done.returncode == 0, done.stderr
            assert manage(there, "backup", "--to", str(came)).returncode == 0
            assert untouched(came) == untouched(file)
            engines.append(manifest_of(came).engine)
            file = came

    assert engines == ["sqlite", "postgresql"][: len(engines)]


@contextmanager
def another_postgresql(data: Path) -> Iterator[list[str]]:
    """Make a database beside the test's own and yield its address; yield none where the tests run on SQLite."""
    if connection.vendor != "postgresql":
        yield []
        return
    name = f"restore_{uuid.uuid4().hex[:12]}"
    values = {key.lower(): connection.settings_dict[key] for key in ("HOST", "PORT", "USER", "PASSWORD")}
    login = {key: value for key, value in values.items() if value}
    with psycopg.connect(dbname="postgres", autocommit=True, **login) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield [environment(data)["PANEL_DATABASE_URL"].rpartition("/")[0] + f"/{name}"]
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def test_an_earlier_backup_is_migrated_on(file: Path, elsewhere: dict[str, str], tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.tar"
    rewritten(file, earlier, without=FROZEN)

    done = manage(elsewhere, "restore", str(earlier))

    assert done.returncode == 0, done.stderr
    assert manage(elsewhere, "migrate", "--check").returncode == 0
    counted = manage(
        elsewhere, "shell", "-c", "from wallets.models import *; print(Wallet.objects.get().is_frozen)"
    )
    assert "True" in counted.stdout


def test_an_earlier_backup_is_refused_by_a_database_that_is_ahead(
    file: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    rewritten(file, tmp_path / "earlier.tar", without=FROZEN)
    assert manage(elsewhere, "migrate", "-v", "0").returncode == 0

    done = manage(elsewhere, "restore", str(tmp_path / "earlier.tar"))

    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was migrated into" in done.stderr


def test_a_later_backup_is_refused_with_the_version_that_made_it(
    file: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    rewritten(file, tmp_path / "later.tar", with_=["wallets", "0099_later"])

    done = manage(elsewhere, "restore", str(tmp_path / "later.tar"))

    assert done.returncode == 1
    assert "Install that version or a later one" in done.stderr


def rewritten(
    source: Path, target: Path, *, without: list[str] | None = None, with_: list[str] | None = None
) -> None:
    """Write the backup as a version before, or after, one migration would have made it."""
    with tarfile.open(source) as tar, target.open("wb") as out:
        writer = Writer(out)
        manifest = manifest_of(source)
        models = _made_before(manifest, tuple(without)) if without else None
        manifest.migrations += [with_] if with_ else []
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            content = file.read()
            if member.name in (archive.MANIFEST, archive.SEAL):
                continue
            if models and member.name.startswith("tables/"):
                label = member.name.split("/")[1]
                if label not in manifest.tables:
                    continue
                content = _as_then(content, models.get_model(label))
            digest = writer.add(member.name, content)
            if member.name in manifest.parts:
                manifest.parts[member.name] = digest
        writer.add(archive.SEAL, writer.add(archive.MANIFEST, manifest.as_json()).encode())
        writer.close()


def _made_before(manifest: Manifest, node: tuple[str, ...]) -> Apps:
    """Take the migration and all that build on it out of the manifest, with their tables; return the models of then."""
    loader = MigrationLoader(connection)
    later = set(loader.graph.backwards_plan(node))
    manifest.migrations = [each for each in manifest.migrations if tuple(each) not in later]
    models = loader.project_state([node for node in loader.graph.nodes if node not in later]).apps
    there = {model._meta.label for model in models.get_models(include_auto_created=True)}
    manifest.tables = {label: count for label, count in manifest.tables.items() if label in there}
    manifest.parts = {
        name: digest
        for name, digest in manifest.parts.items()
        if not name.startswith("tables/") or name.split("/")[1] in there
    }
    return models


def _as_then(lines: bytes, model: type[Model]) -> bytes:
    """Return rows without the columns that came later."""
    names = {field.attname for field in model._meta.concrete_fields}
    rows = [json.loads(line) for line in lines.splitlines()]
    return b"".join(
        json.dumps({name: value for name, value in row.items() if name in names}).encode() + b"\n"
        for row in rows
    )
