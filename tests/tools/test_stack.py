"""The whole stack as real processes: it starts, is watched, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from operations.watch.deaf import EXIT_CODE
from tools.stack import OWNER_EMAIL, Owner, Stack, StackError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack.start(tmp_path_factory.mktemp("stack"), patience=1) as running:
        yield running


def environment_of(stack: Stack, name: str) -> str:
    """What the running process really has, read from the system."""
    return Path(f"/proc/{stack.process_id(name)}/environ").read_text()


def wait_for_death(stack: Stack) -> None:
    deadline = time.monotonic() + 60
    while stack.died() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def test_web_and_sandbox_answer_under_their_names(stack: Stack) -> None:
    ports = {"localhost": stack.layout.panel_port, "sandbox.localhost": stack.layout.sandbox_port}
    paths = {"localhost": "/livez", "sandbox.localhost": "/health"}
    answers = {
        host: httpx.get(
            f"http://127.0.0.1:{port}{paths[host]}", headers={"Host": f"{host}:{port}"}
        ).status_code
        for host, port in ports.items()
    }
    assert answers == {"localhost": 200, "sandbox.localhost": 200}


def test_the_first_owner_gets_a_one_time_password(stack: Stack) -> None:
    assert stack.owner is not None
    assert (stack.owner.email, len(stack.owner.password) >= 16) == (OWNER_EMAIL, True)


def test_the_one_time_password_stands_in_no_log(stack: Stack) -> None:
    assert stack.owner is not None
    logs = "".join(path.read_text() for path in stack.logs.iterdir())
    assert stack.owner.password not in logs


def test_the_running_web_process_has_no_private_key_in_its_environment(stack: Stack) -> None:
    assert ["PRIVATE" in environment_of(stack, name) for name in ("sandbox", "web", "worker")] == [
        False,
        False,
        True,
    ]


def test_a_process_that_dies_is_named_with_its_exit_code(stack: Stack) -> None:
    os.kill(stack.process_id("worker"), signal.SIGKILL)
    wait_for_death(stack)
    with pytest.raises(StackError) as caught:
        stack.raise_if_died()
    assert str(caught.value) == "worker stopped with exit code -9."
    stack.restart("worker")
    assert stack.died() is None


def test_a_worker_that_ended_because_it_was_deaf_is_started_again(stack: Stack) -> None:
    assert not stack.revive()
    stack.kill("worker")
    command = [sys.executable, "-c", f"raise SystemExit({EXIT_CODE})"]
    stack._running["worker"] = subprocess.Popen(command, start_new_session=True)
    wait_for_death(stack)
    assert stack.revive()
    assert stack.died() is None
    stack.wait_until_ready()


def test_a_killed_process_leaves_no_children(stack: Stack) -> None:
    session = stack.process_id("worker")
    stack.kill("worker")
    with pytest.raises(ProcessLookupError):
        os.killpg(session, 0)
    stack.restart("worker")


def test_a_second_start_keeps_the_data_and_the_password(tmp_path: Path) -> None:
    with Stack.start(tmp_path, patience=1) as first:
        assert isinstance(first.owner, Owner)
    with Stack.start(tmp_path, patience=1) as second:
        assert second.owner is None
