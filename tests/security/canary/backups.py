"""A backup of everything the walk left behind: it stands in the data folder, so it is searched with the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from tests.security.canary.secrets import Canary
from tests.security.canary.walk import Walk
from tools.layout import ROOT
from wallets import keysets


def back_up(walk: Walk) -> None:
    """Back up with a worker's environment, which holds every keyset; none of them may be found in the file."""
    layout = walk.stack.layout
    subprocess.run(
        [sys.executable, "manage.py", "backup", "--to", str(layout.data / "backup.tar")],
        cwd=ROOT,
        env=layout.environment("worker"),
        capture_output=True,
        check=True,
    )
    walk.canaries += _keys_of(walk)


def _keys_of(walk: Walk) -> Iterator[Canary]:
    """Yield the keys themselves, as the keysets' files spell them."""
    for name in (keysets.PRIVATE, keysets.POLICY_MAC, keysets.RESULTS):
        keyset = json.loads((walk.stack.layout.keys / name).read_text())
        for number, key in enumerate(keyset["key"]):
            yield Canary(f"key {number} of {name}", key["keyData"]["value"].encode())
