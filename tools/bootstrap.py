"""Make .venv with exactly the locked packages, from nothing but Python's standard library.

Three ways, the first that this machine allows: uv from PATH; venv + pip from the exported requirements with
hashes; the uv wheel from the package index, pinned by SHA-256 (bare Debian has Python without venv and pip).
This file must also *parse* on old interpreters, so that they end in a sentence instead of a SyntaxError.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "run402-panel.stamp"
CACHE = ROOT / ".cache"
OLDEST = (3, 11)
INTERPRETERS = ("python3", "python3.13", "python3.12", "python3.11")

UV_VERSION = "0.13.9"
UV_WHEELS = {
    "x86_64": (
        "uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    "aarch64": (
        "uv-0.13.9-py3-none-manylinux_2_28_aarch64.whl",
        "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
    ),
}


class BootstrapError(Exception):
    """One sentence for the person at the terminal."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def lock_digest() -> str:
    """Digest of everything that decides what .venv must hold; the path too, since scripts in it name it."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in ("uv.lock", "tools/bootstrap.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def read_stamp() -> dict[str, object]:
    try:
        stamp: dict[str, object] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    # A venv whose interpreter was removed or moved keeps its files but cannot run.
    return stamp if (VENV / "bin" / "python").exists() else {}


def probe(command: str) -> str | None:
    """The real path behind an interpreter's name; None when it is too old or only a shim that cannot run."""
    code = f"import sys; print(sys.executable) if sys.version_info >= {OLDEST} else sys.exit(3)"
    try:
        done = subprocess.run([command, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def find_interpreter() -> str:
    """The full path, because `uv venv --python 3.13` trips over version managers' shims."""
    for name in INTERPRETERS:
        path = probe(name) if shutil.which(name) else None
        if path:
            return path
    raise BootstrapError(
        f"Run402 Panel needs Python {OLDEST[0]}.{OLDEST[1]} or newer; none of {', '.join(INTERPRETERS)} is. "
        "Install one (Debian 12 or newer: apt-get install python3) and run the same command again."
    )


def tls_context() -> ssl.SSLContext:
    """The system's certificates (OpenSSL reads SSL_CERT_FILE by itself) and pip's setting, if any."""
    context = ssl.create_default_context()
    if os.environ.get("PIP_CERT"):
        context.load_verify_locations(cafile=os.environ["PIP_CERT"])
    return context


def fetch(url: str) -> bytes:
    if not url.startswith("https://"):
        raise BootstrapError(f"The package index must be an https:// address, not {url}.")
    request = urllib.request.Request(url, headers={"Accept": "text/html"})  # noqa: S310 - https only, see above
    try:
        with urllib.request.urlopen(request, timeout=120, context=tls_context()) as answer:  # noqa: S310 - same
            body: bytes = answer.read()
    except OSError as error:
        message = f"Could not fetch {url}: {error}. PIP_INDEX_URL names another index."
        raise BootstrapError(message) from error
    return body


def wheel_url(filename: str) -> str:
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/uv/"
    page = fetch(index).decode()
    link = re.search(rf'href="([^"#]*{re.escape(filename)})[#"]', page)
    if link is None:
        raise BootstrapError(f"The package index {index} does not list {filename}.")
    return urllib.parse.urljoin(index, str(link.group(1)))


def fetch_uv() -> str:
    """uv's program out of its pinned wheel, kept under .cache/ for the next time."""
    target = CACHE / f"uv-{UV_VERSION}"
    if target.exists():
        return str(target)
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
    if sys.platform != "linux" or machine not in UV_WHEELS:
        raise BootstrapError(
            "No pinned uv for this platform: install uv, or Python's venv and pip, and run again."
        )
    filename, pinned = UV_WHEELS[machine]
    say(f"Fetching uv {UV_VERSION} (no venv and pip here) ...")
    wheel = fetch(wheel_url(filename))
    if hashlib.sha256(wheel).hexdigest() != pinned:
        raise BootstrapError(
            f"{filename} is not the pinned file (its SHA-256 differs): nothing was installed."
        )
    unpack_uv(wheel, target)
    return str(target)


def unpack_uv(wheel: bytes, target: Path) -> None:
    """Write beside and rename, so that a stopped run leaves no half of a program."""
    CACHE.mkdir(exist_ok=True)
    archive = CACHE / "uv.whl"
    archive.write_bytes(wheel)
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(archive) as files:
        partial.write_bytes(files.read(f"uv-{UV_VERSION}.data/scripts/uv"))
    partial.chmod(0o755)
    partial.rename(target)
    archive.unlink()


def working_uv() -> str | None:
    """uv from PATH when it really runs; a shim may not."""
    path = shutil.which("uv")
    if path is None:
        return None
    try:
        subprocess.run([path, "--version"], capture_output=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return path


def has_venv_and_pip(interpreter: str) -> bool:
    code = "import venv, ensurepip"
    return subprocess.run([interpreter, "-c", code], capture_output=True, check=False).returncode == 0


def run(*command: str, **environment: str) -> None:
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False)
    if done.returncode != 0:
        raise BootstrapError(f"Installing stopped at: {' '.join(command)}")


def uv_environment() -> dict[str, str]:
    environment = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1", "UV_PROJECT_ENVIRONMENT": str(VENV)}
    if os.environ.get("PIP_CERT") and not os.environ.get("SSL_CERT_FILE"):
        environment["SSL_CERT_FILE"] = os.environ["PIP_CERT"]
    return environment


def install_with_uv(uv: str, interpreter: str, *, dev: bool) -> None:
    environment = uv_environment()
    index = os.environ.get("PIP_INDEX_URL")
    if index:
        # The lock file names the public index's files; a mirror is asked for the same hashes by name.
        run(uv, "venv", "--quiet", "--clear", "--python", interpreter, str(VENV), **environment)
        target = ("--python", str(VENV / "bin" / "python"), "--require-hashes", "--index-url", index)
        run(uv, "pip", "sync", "--quiet", *target, requirements(dev=dev), **environment)
        return
    groups = () if dev else ("--no-dev",)
    run(uv, "sync", "--frozen", "--quiet", "--python", interpreter, *groups, **environment)


def install_with_pip(interpreter: str, *, dev: bool) -> None:
    if not (VENV / "bin" / "pip").exists() or probe(str(VENV / "bin" / "python")) is None:
        run(interpreter, "-m", "venv", "--clear", str(VENV))
    options = ("-qq", "--disable-pip-version-check", "--require-hashes")
    run(str(VENV / "bin" / "python"), "-m", "pip", "install", *options, "-r", requirements(dev=dev))


def requirements(*, dev: bool) -> str:
    return "requirements-dev.txt" if dev else "requirements.txt"


def install(*, dev: bool) -> None:
    interpreter = find_interpreter()
    say(f"Setting up .venv with the locked packages ({interpreter}) ...")
    uv = working_uv()
    if uv is None and has_venv_and_pip(interpreter):
        install_with_pip(interpreter, dev=dev)
    else:
        install_with_uv(uv or fetch_uv(), interpreter, dev=dev)


def bootstrap(*, dev: bool) -> None:
    """Bring .venv to the lock file's state. Quick when it is there already; two runs at once take turns."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "bootstrap.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        stamp, digest = read_stamp(), lock_digest()
        if stamp.get("digest") == digest and (stamp.get("dev") or not dev):
            return
        dev = dev or bool(stamp.get("dev"))
        STAMP.unlink(missing_ok=True)
        install(dev=dev)
        STAMP.write_text(json.dumps({"digest": digest, "dev": dev}))


def main() -> int:
    parser = argparse.ArgumentParser(description="Make .venv with the locked packages.")
    parser.add_argument("--dev", action="store_true", help="the packages for tests and checks too")
    arguments = parser.parse_args()
    try:
        bootstrap(dev=arguments.dev)
    except BootstrapError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
