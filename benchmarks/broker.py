"""The raw broker: how long a message takes from one process to another, with nothing of the panel between them.

It is Kombu's filesystem transport, at the polling interval that the panel's settings have; only that messages appear
whole is ours, without which the measurement would end now and then.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kombu import Connection, Consumer, Queue
from kombu.message import Message
from kombu.transport import filesystem

from run402_panel.broker import Channel
from tools.layout import ROOT

QUEUE = Queue("raw")
#: As the panel's own settings have it.
POLLING_SECONDS = 0.02


class Raw(filesystem.Transport):
    """Kombu's way to wait for messages."""

    Channel = Channel


def connection(folder: Path) -> Connection:
    """Return a connection to the filesystem broker in `folder`."""
    queue, control = folder / "queue", folder / "control"
    for each in (queue, control):
        each.mkdir(parents=True, exist_ok=True)
    options = {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(control),
        "polling_interval": POLLING_SECONDS,
    }
    return Connection("filesystem://", transport=Raw, transport_options=options)


@contextmanager
def listening(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that prints how old each message was when it came."""
    command = [sys.executable, "-m", "benchmarks.broker", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def latency(process: subprocess.Popen[str], link: Connection) -> float:
    """Send one message and return the seconds until the other process had it."""
    link.Producer().publish({"sent": time.time()}, routing_key=QUEUE.name, declare=[QUEUE])
    assert process.stdout is not None
    return float(process.stdout.readline())


def listen(folder: Path) -> None:
    """Print ages, until killed."""

    def arrived(body: dict[str, float], message: Message) -> None:
        print(time.time() - body["sent"], flush=True)
        message.ack()

    with connection(folder) as link, Consumer(link, [QUEUE], callbacks=[arrived]):
        while True:
            link.drain_events()


if __name__ == "__main__":
    listen(Path(sys.argv[1]))
