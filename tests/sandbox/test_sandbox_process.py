from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player, refs

ROOT = Path(__file__).parents[2]
SITE = {"index.html": b"<h1>A</h1>"}


def command(data: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", "--data", str(data), *arguments]


@contextmanager
def running(data: Path, *, port: int = 0, phase_ms: int = 1) -> Iterator[tuple[Http, subprocess.Popen[str]]]:
    environment = {**os.environ, "SANDBOX_PHASE_MS": str(phase_ms), "PANEL_ENV": "development"}
    with subprocess.Popen(
        command(data, "--port", str(port)), cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line.startswith("sandbox: http://sandbox.localhost:"), line
            with Http(int(line.rsplit(":", 1)[1])) as http:
                yield http, process
        finally:
            process.kill()


def test_it_survives_a_kill_in_the_middle_of_a_deploy(tmp_path: Path) -> None:
    with running(tmp_path / "data", phase_ms=500) as (http, process):
        player = Player(http)
        player.settle_in()
        project = player.project()
        plan = project.plan({"site": {"replace": refs(SITE)}, "subdomains": {"set": ["kept"]}}).json()
        project.upload(SITE)
        assert project.commit(plan["plan_id"]).json()["status"] == "running"
        process.send_signal(signal.SIGKILL)
    with running(tmp_path / "data", port=http.port) as (again, _):
        project = Owned(Player(again), project.id, project.anon_key, project.service_key)
        assert project.wait(plan["operation_id"])["status"] == "ready"
        assert again.get(again.app("kept")).content == SITE["index.html"]


def test_deleted_folder_is_forgotten(tmp_path: Path) -> None:
    for number in (1, 2):
        with running(tmp_path / f"data{number}") as (http, _):
            assert http.get("/nobody").status_code == 404
            assert "No wallet was funded yet." in http.get("/").text


@pytest.mark.parametrize("value", ["production", " Production "])
def test_it_does_not_start_in_production(tmp_path: Path, value: str) -> None:
    done = subprocess.run(
        command(tmp_path / "data", "--port", "0"),
        cwd=ROOT,
        env={**os.environ, "PANEL_ENV": value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "production" in done.stderr
    assert not (tmp_path / "data").exists()


def test_wrong_setting_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path / "data", "--port", "0"),
        cwd=ROOT,
        env={**os.environ, "SANDBOX_PHASE_MS": "soon"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "The sandbox cannot start: SANDBOX_PHASE_MS must be a whole number, got 'soon'.\n"


def test_taken_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    with running(tmp_path / "data") as (http, _):
        done = subprocess.run(
            command(tmp_path / "other", "--port", str(http.port)),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {http.port} on 127.0.0.1 cannot be used")


def test_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    with running(tmp_path / "data") as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
