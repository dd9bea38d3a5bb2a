"""`make check`: what can be said about the code, and what it depends on, without running it."""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools import licences, lock, vulnerabilities
from tools.bootstrap import BootstrapError
from tools.layout import ROOT

ROOMS = (
    *(
        "run402_panel",
        "home",
        "deploys",
        "jobs",
        "billing",
        "projects",
        "notifications",
        "operations",
        "wallets",
        "teams",
        "audit",
        "core",
    ),
    *("run402", "sandbox"),
)
AROUND = ("tools", "tests", "benchmarks")
BIN = Path(sys.executable).parent
LAST_LINES = 60


@dataclass(frozen=True)
class Outcome:
    holds: bool
    note: str = ""
    output: str = ""


Check = Callable[[], Outcome]


def run(*command: str, environment: Mapping[str, str] | None = None) -> Outcome:
    """Run a program of .venv, or manage.py, without the caller's own PANEL_ settings."""
    program = [sys.executable, "manage.py"] if command[0] == "manage.py" else [str(BIN / command[0])]
    done = subprocess.run(
        [*program, *command[1:]],
        cwd=ROOT,
        env={**_without_panel(), "PANEL_ENV": "test", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Outcome(done.returncode == 0, output=done.stdout + done.stderr)


def _without_panel() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PANEL_", "DJANGO_"))}


def python_files() -> list[str]:
    return ["manage.py", *(name for name in (*ROOMS, *AROUND) if any((ROOT / name).rglob("*.py")))]


def templates() -> list[str]:
    folders = [ROOT / "templates", *(ROOT / room / "templates" for room in ROOMS)]
    return sorted(str(path.relative_to(ROOT)) for folder in folders for path in folder.rglob("*.html"))


def template_style() -> Outcome:
    return run("djade", "--check", "--target-version", "5.2", *templates())


def migrations() -> Outcome:
    with tempfile.TemporaryDirectory() as data:
        return run("manage.py", "makemigrations", "--check", "--dry-run", environment={"PANEL_DATA": data})


def deployment() -> Outcome:
    """Django's own list for a server, under the settings of one."""
    with tempfile.TemporaryDirectory() as data:
        made = run("manage.py", "keysets_init", environment={"PANEL_DATA": data})
        environment = {
            "PANEL_ENV": "production",
            "PANEL_DATA": data,
            "PANEL_URL": "https://panel.example.com",
            "PANEL_SECRET_KEY": secrets.token_urlsafe(50),
            "PANEL_VAULT_PUBLIC_KEYSET_FILE": str(Path(data) / "keys" / "vault-public.json"),
            "PANEL_AUDIT_PUBLIC_KEYSET_FILE": str(Path(data) / "keys" / "audit-public.json"),
        }
        if not made.holds:
            return made
        return run("manage.py", "check", "--deploy", "--fail-level", "WARNING", environment=environment)


def licence_list() -> Outcome:
    refused = licences.refused()
    return Outcome(not refused, f"{licences.count()} packages", "\n".join(refused))


def known_vulnerabilities() -> Outcome:
    found = vulnerabilities.audit()
    return Outcome(not found.vulnerable, found.sentence(), "\n".join(found.vulnerable))


def lock_file() -> Outcome:
    """uv.lock answers to pyproject.toml, and the requirements files to uv.lock."""
    try:
        lock.uv("lock", "--check", "--quiet")
        stale = lock.stale_exports()
    except subprocess.CalledProcessError:
        return Outcome(holds=False, output="uv.lock does not fit pyproject.toml: run make lock.")
    except BootstrapError as error:
        return Outcome(holds=False, output=str(error))
    return Outcome(not stale, output=f"{', '.join(stale)} differ from uv.lock: run make lock.")


CHECKS: dict[str, Check] = {
    "types": lambda: run("mypy", *python_files()),
    "style": lambda: run("ruff", "check", "--quiet", *python_files()),
    "format": lambda: run("ruff", "format", "--check", "--quiet", *python_files()),
    "rooms": lambda: run("lint-imports", "--no-logo"),
    "templates": template_style,
    "migrations": migrations,
    "deployment": deployment,
    "security": lambda: run("bandit", "--quiet", "-ll", "-ii", "--recursive", "-c", "pyproject.toml", *ROOMS),
    "lock file": lock_file,
    "licences": licence_list,
    "vulnerabilities": known_vulnerabilities,
}


def timed(name: str) -> tuple[str, Outcome, float]:
    started = time.monotonic()
    outcome = CHECKS[name]()
    return name, outcome, time.monotonic() - started


def report(results: list[tuple[str, Outcome, float]]) -> None:
    for name, outcome, _ in results:
        if not outcome.holds:
            tail = "\n".join(outcome.output.strip().splitlines()[-LAST_LINES:])
            print(f"--- {name} ---\n{tail}\n")
    for name, outcome, seconds in results:
        print(f"{name:<16} {'ok' if outcome.holds else 'FAILED':<7} {seconds:5.1f}s  {outcome.note}".rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(prog="make check", description=__doc__)
    parser.add_argument("only", nargs="*", help=f"some of: {', '.join(CHECKS)}")
    names = parser.parse_args().only or list(CHECKS)
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        parser.error(f"there is no check named {', '.join(unknown)}")
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(timed, names))
    report(results)
    failed = [name for name, outcome, _ in results if not outcome.holds]
    print(f"check: {len(results) - len(failed)} hold, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
