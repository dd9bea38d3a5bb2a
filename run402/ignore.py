"""Which files of a folder are published, by the official client's collection rules (contract: apply 2.4).

Symbolic links are an error there; a path alone does not show one, so whoever walks the folder checks for
them.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

Verdict = Literal["keep", "skipped", "secret"]

SKIPPED_NAMES = frozenset({".git", "node_modules", ".DS_Store"})
SECRET_NAMES = frozenset(
    {
        ".env",
        ".envrc",
        ".npmrc",
        ".pnpmrc",
        ".yarnrc",
        ".netrc",
        ".pypirc",
        "id_dsa",
        "id_ecdsa",
        "id_ed25519",
        "id_rsa",
    }
)
SECRET_SUFFIXES = (".key", ".pem", ".p12", ".pfx")


def classify(path: str) -> Verdict:
    """``"keep"`` it, leave it out as ``"skipped"`` clutter at any depth, or hold it back as a ``"secret"``.

    Secret names are compared in any case: publishing a key by accident is worse than asking once more.

    >>> classify("site/.env.local")
    'secret'
    """
    parts = PurePosixPath(path).parts
    if SKIPPED_NAMES.intersection(parts):
        return "skipped"
    name = parts[-1].lower() if parts else ""
    secret = name in SECRET_NAMES or name.startswith(".env.") or name.endswith(SECRET_SUFFIXES)
    return "secret" if secret else "keep"
