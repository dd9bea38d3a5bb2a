"""`make conformance`: our client and the sandbox against the code that others publish (tests/conformance/README.md).

Sets itself up: Node and Python packages from lock files of their own, beside the panel's. The last line counts.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.bootstrap import (
    CACHE,
    BootstrapError,
    fetch_uv,
    find_interpreter,
    run,
    say,
    uv_environment,
    working_uv,
)
from tools.layout import ROOT
from tools.node import Node, find_node, uv_pip

HOME = ROOT / "tests" / "conformance"
VENV = CACHE / "conformance"
STAMP = CACHE / "conformance.json"
LOCKS = ("package-lock.json", "requirements.txt")


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def wanted(node: Node) -> dict[str, str]:
    """What must be installed, by name: the digest of its lock, and of what else it depends on."""
    place = str(ROOT).encode()
    packages, requirements = ((HOME / name).read_bytes() for name in LOCKS)
    return {
        "npm": digest(packages, node.version.encode(), place),
        "python": digest(requirements, find_interpreter().encode(), place),
    }


def installed() -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    present = {"npm": HOME / "node_modules", "python": VENV / "bin" / "python"}
    return {name: value for name, value in stamp.items() if present[name].exists()}


def install_packages(node: Node) -> None:
    say("Installing the npm packages of tests/conformance ...")
    command = (*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
    done = subprocess.run(command, cwd=HOME, env=node.environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise BootstrapError(f"npm ci stopped in {HOME.relative_to(ROOT)}.")


def install_python() -> None:
    say("Installing the Python packages of tests/conformance into .cache/conformance ...")
    shutil.rmtree(VENV, ignore_errors=True)
    uv = working_uv() or fetch_uv()
    run(uv, "venv", "--quiet", "--python", find_interpreter(), str(VENV), **uv_environment())
    uv_pip("sync", "--python", str(VENV / "bin" / "python"), str(HOME / "requirements.txt"))


def set_up() -> Node:
    """Bring node_modules and .cache/conformance to their locks; two runs at once take turns."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "conformance.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        node = find_node()
        want, have = wanted(node), installed()
        steps = {"npm": lambda: install_packages(node), "python": install_python}
        for name, install in steps.items():
            if have.get(name) != want[name]:
                install()
                have[name] = want[name]
                STAMP.write_text(json.dumps(have))
        return node


def main() -> int:
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    parser.add_argument("only", nargs="*", help="some of the parts (siwx, payments, ...)")
    names = parser.parse_args().only
    try:
        node = set_up()
    except (BootstrapError, OSError) as error:
        print(f"conformance: not set up: {error}", file=sys.stderr)
        return 1
    from tests.conformance.run import conform, parts  # its imports take a second

    unknown = [name for name in names if name not in parts()]
    if unknown:
        parser.error(f"there is no part named {', '.join(unknown)}; there are {', '.join(parts())}")
    started = time.monotonic()
    report = conform(node, VENV / "bin" / "python", Path(HOME), names)
    print(f"({time.monotonic() - started:.0f} s, Node {node.version})")
    print(report.summary(), flush=True)
    return 0 if report.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
