"""A PostgreSQL of our own: `initdb` in a scratch folder, trust on loopback and its socket only, fsync on."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from tools.services.service import NotInstalled, Service, ServiceError, environment, other_account

#: Where Debian keeps the server's programs, the newest version first.
DEBIAN = Path("/usr/lib/postgresql")
PROGRAMS = ("initdb", "postgres")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "60",
    "shared_buffers": "32MB",
}


class Postgres(Service):
    """`url` is what PANEL_DATABASE_URL takes."""

    name = "PostgreSQL"
    #: “Fast”: it closes the connections there are and stops.
    stop_signal = signal.SIGINT

    @classmethod
    def require(cls) -> None:
        """Raise NotInstalled when there is no server to start."""
        _programs()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str]:
        """Return the server in the foreground; the first time, make its folder too."""
        data = self.folder / "data"
        if not (data / "PG_VERSION").exists():
            self._init(data)
        settings = {**SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [_program("postgres"), "-D", str(data), *options]

    def answers(self) -> bool:
        """Say whether a query gets an answer."""
        with contextlib.suppress(psycopg.Error), psycopg.connect(self.url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
        return False

    def crash(self) -> None:
        """Stop at once without a word, as `pg_ctl -m immediate` does: the next start recovers from the log."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self.kill()

    def _init(self, data: Path) -> None:
        account = other_account()
        done = subprocess.run(
            [_program("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"],
            cwd=self.folder,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServiceError(f"initdb failed:\n{(done.stdout + done.stderr)[-2000:]}")


def _program(name: str) -> str:
    return str(_programs() / name)


def _programs() -> Path:
    """Return the folder with a server's programs: Debian's newest version, else where PATH leads."""
    versions = sorted(DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    found = shutil.which(PROGRAMS[0])
    on_path = [Path(found).resolve().parent] if found else []
    for folder in (*versions, *on_path):
        if all((folder / name).exists() for name in PROGRAMS):
            return folder
    raise NotInstalled(
        f"PostgreSQL is not installed: initdb and postgres are neither on PATH nor in {DEBIAN}/*/bin. "
        "On Debian: apt-get install postgresql."
    )
