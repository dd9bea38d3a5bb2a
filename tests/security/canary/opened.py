"""What the panel keeps sealed, opened with a worker's environment: secrets that no test chose.

`python -m tests.security.canary.opened` prints a JSON list of [name, hex].
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.security.canary.secrets import Canary
from tools.layout import ROOT
from tools.stack import Stack


def sealed_secrets(stack: Stack) -> list[Canary]:
    """Return the canaries behind every sealed column of the running panel."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.canary.opened"],
        cwd=ROOT,
        env=stack.layout.environment("worker"),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Canary(name, bytes.fromhex(value)) for name, value in json.loads(done.stdout)]


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")
    django.setup()
    json.dump([[name, value.hex()] for name, value in _opened()], sys.stdout)


def _opened() -> list[tuple[str, bytes]]:
    from projects.keys import key_context as project_context
    from projects.models import Project
    from wallets import vault
    from wallets.models import Wallet
    from wallets.signer import key_context

    wallets = Wallet.objects.filter(state=Wallet.State.READY)
    projects = Project.objects.exclude(service_key_sealed=b"")
    return [
        *(
            (f"the key of wallet {one.label}", vault.unseal(bytes(one.key_sealed), key_context(one)))
            for one in wallets
        ),
        *(
            (
                f"the service key of {one.name}",
                vault.unseal(bytes(one.service_key_sealed), project_context(one.pk)),
            )
            for one in projects
        ),
    ]


if __name__ == "__main__":
    main()
