"""Follow the Dockerfile's steps in a clean Debian root, where no container engine is at hand: `python -m tools.image`.

debootstrap makes the root, chroot runs the steps, the image's own user starts what it holds. It needs root, debootstrap
and Debian's packages; it proves the steps, not the base image, whose Python is newer than Debian's.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tools.layout import ROOT

SUITE = "bookworm"
#: What the base image has and Debian has not, or names otherwise.
PACKAGES = "ca-certificates,python3,python3-venv,python3-pip"
INSTRUCTIONS = ("ARG", "FROM", "RUN", "COPY", "WORKDIR", "ENV", "USER")
#: Said about the image, not done in it.
SAID_ONLY = ("VOLUME", "EXPOSE", "ENTRYPOINT", "CMD", "HEALTHCHECK")
PATIENCE = 90.0
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


class ImageError(Exception):
    """Which step did not work, in a sentence."""


@dataclass
class Stage:
    """One stage of the Dockerfile as a folder, with what its instructions have set so far."""

    root: Path
    name: str = ""
    workdir: str = "/"
    user: str = "root"
    environment: dict[str, str] = field(default_factory=dict)


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the Dockerfile as (instruction, rest), comments dropped and continued lines joined."""
    found: list[tuple[str, str]] = []
    open_line = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        open_line += line.rstrip().removesuffix("\\") if line.rstrip().endswith("\\") else line
        if line.rstrip().endswith("\\"):
            continue
        if open_line.strip():
            word, _, rest = open_line.strip().partition(" ")
            found.append((word.upper(), rest.strip()))
        open_line = ""
    return found


def debian(folder: Path, mirror: str) -> Path:
    """Make, or reuse, a clean Debian root."""
    root = folder / "debian"
    if not (root / "etc/debian_version").exists():
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root), mirror]
        _run(command, "debootstrap")
    return root


class Builder:
    """Plays the Dockerfile; `stages` by name and the last one."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder, self.base = folder, base
        self.arguments: dict[str, str] = {}
        self.stages: list[Stage] = []

    @property
    def stage(self) -> Stage:
        return self.stages[-1]

    def play(self, text: str) -> Stage:
        """Do every instruction in order; raise ImageError at the first that fails or is unknown."""
        for word, rest in instructions(text):
            if word in SAID_ONLY:
                continue
            if word not in INSTRUCTIONS:
                raise ImageError(f"{word} is not an instruction this script can follow.")
            print(f"  {word} {rest[:110]}", flush=True)
            getattr(self, word.lower())(rest)
        return self.stage

    def arg(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.arguments.setdefault(name, value)

    def from_(self, rest: str) -> None:
        name = rest.split()[2] if " AS " in rest.upper() else ""
        root = self.folder / f"stage-{len(self.stages)}"
        shutil.rmtree(root, ignore_errors=True)
        _run(["cp", "--archive", "--reflink=auto", str(self.base), str(root)], "cp")
        # The machine's way to the package indexes, its own certificate authority included.
        for file in ("etc/resolv.conf", "etc/hosts", CERTIFICATES):
            shutil.copy(f"/{file}", root / file)
        self.stages.append(Stage(root, name))

    def env(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            path = self.stage.environment.get("PATH", _DEFAULT_PATH)
            self.stage.environment[name] = value.replace("$PATH", path)

    def workdir(self, rest: str) -> None:
        self.stage.workdir = rest
        (self.stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def user(self, rest: str) -> None:
        self.stage.user = rest

    def run(self, rest: str) -> None:
        with running(self.stage, rest) as process:
            code = process.wait()
        if code:
            raise ImageError(f"RUN ended with {code}: {rest[:200]}")

    def copy(self, rest: str) -> None:
        words = shlex.split(rest)
        flags = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--"))
        *sources, target = [word for word in words if not word.startswith("--")]
        for source in sources:
            self._copy(source, target, flags)

    def _copy(self, source: str, target: str, flags: dict[str, str]) -> None:
        into = self.stage.root / str(PurePosixPath(self.stage.workdir) / target).lstrip("/")
        if "from" in flags:
            stage = next(stage for stage in self.stages if stage.name == flags["from"])
            _merge(stage.root / source.lstrip("/"), into)
        elif source == ".":
            for name in context_files():
                place = into / name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, place)
        else:
            place = into / Path(source).name if target.endswith("/") or into.is_dir() else into
            shutil.copy2(ROOT / source, place)
            if "chmod" in flags:
                place.chmod(int(flags["chmod"], 8))


# `from` is a word of Python.
setattr(Builder, "from", Builder.from_)
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def context_files() -> list[str]:
    """Return what `.dockerignore` lets into the build: it ignores everything, then names what comes in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    wanted = [line[1:] for line in lines if line.startswith("!")]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = tracked.stdout.splitlines()
    return [name for name in names if any(name == one or name.startswith(f"{one}/") for one in wanted)]


@contextlib.contextmanager
def running(stage: Stage, command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a shell command inside the stage, as its user, with /proc, /dev/shm and a device or two in place."""
    with mounted(stage.root):
        process = subprocess.Popen(
            [
                "chroot",
                f"--userspec={stage.user}:{stage.user}",
                str(stage.root),
                "sh",
                "-c",
                f'cd "{stage.workdir}" && {command}',
            ],
            env={**_machine(), "PATH": _DEFAULT_PATH, **stage.environment, **environment},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)


@contextlib.contextmanager
def mounted(root: Path) -> Iterator[None]:
    places = (("proc", "proc"), ("tmpfs", "dev/shm"))
    with contextlib.ExitStack() as stack:
        for kind, place in places:
            (root / place).mkdir(parents=True, exist_ok=True)
            _run(["mount", "-t", kind, kind, str(root / place)], "mount")
            stack.callback(_run, ["umount", "--lazy", str(root / place)], "umount")
        yield


@contextlib.contextmanager
def read_only(root: Path) -> Iterator[None]:
    """Mount the root so that nothing but /data, /tmp and /dev/shm can be written, as compose.yaml does."""
    with contextlib.ExitStack() as stack:
        _run(["mount", "--bind", str(root), str(root)], "mount")
        stack.callback(_run, ["umount", "--lazy", str(root)], "umount")
        for place in ("data", "dev/shm"):
            _run(["mount", "--bind", str(root / place), str(root / place)], "mount")
            stack.callback(_run, ["umount", "--lazy", str(root / place)], "umount")
        _run(["mount", "-t", "tmpfs", "tmpfs", str(root / "tmp")], "mount")
        stack.callback(_run, ["umount", "--lazy", str(root / "tmp")], "umount")
        _run(["mount", "-o", "remount,ro,bind", str(root)], "mount")
        yield


def _machine() -> dict[str, str]:
    """Where packages come from on this machine; nothing else of the caller's environment goes in."""
    kept = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    # Debian keeps pip from its own Python, which the base image does not.
    trust = {"PIP_CERT": f"/{CERTIFICATES}", "SSL_CERT_FILE": f"/{CERTIFICATES}"}
    return {**kept, **trust, "HOME": "/root", "PIP_BREAK_SYSTEM_PACKAGES": "1", "LANG": "C.UTF-8"}


def _merge(source: Path, into: Path) -> None:
    if source.is_dir():
        _run(["cp", "--archive", f"{source}/.", str(_made(into))], "cp")
    else:
        shutil.copy2(source, into)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageError(f"{what} did not work: {(done.stderr or done.stdout).strip()[-400:]}")


def try_out(stage: Stage) -> None:
    """Make keysets, prepare the database and start web as the image's user; its own health check has to hold."""
    settings = {
        "PANEL_URL": "https://panel.example.com",
        "PANEL_SECRET_KEY": secrets.token_urlsafe(50),
        "PANEL_BEHIND_PROXY": "yes",
    }
    public = {**settings, "PANEL_VAULT_PUBLIC_KEYSET_FILE": "/data/keys/vault-public.json"}
    _finish(stage, "panel manage keysets_init", **settings)
    _finish(stage, "panel prepare", **settings)
    with read_only(stage.root), running(stage, "exec panel web", **public):
        deadline = time.monotonic() + PATIENCE
        while not _works(stage, "panel health", **public):
            if time.monotonic() > deadline:
                raise ImageError("web was not healthy in time.")
            time.sleep(1)
    written = [path for path in (stage.root / "app").rglob("*") if path.is_file() and _is_written(path)]
    if written:
        raise ImageError(f"the image's own files were written to: {written[0]}")


def _is_written(path: Path) -> bool:
    return path.stat().st_uid != 0


def _finish(stage: Stage, command: str, **environment: str) -> None:
    if not _works(stage, command, **environment):
        raise ImageError(f"“{command}” did not work.")


def _works(stage: Stage, command: str, **environment: str) -> bool:
    with running(stage, command, **environment) as process:
        return process.wait(timeout=300) == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the roots are kept (default: a scratch folder)")
    parser.add_argument("--mirror", default="http://deb.debian.org/debian")
    arguments = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        print(
            "image: needs root and debootstrap (apt-get install debootstrap): nothing was tried",
            file=sys.stderr,
        )
        return 2
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        scratch = arguments.folder or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="run402-image-"))
        )
        try:
            builder = Builder(scratch, debian(_made(scratch), arguments.mirror))
            try_out(builder.play((ROOT / "Dockerfile").read_text()))
        except ImageError as error:
            print(f"image: FAILED: {error}", file=sys.stderr)
            return 1
    print(f"image: ok, {time.monotonic() - started:.0f}s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
