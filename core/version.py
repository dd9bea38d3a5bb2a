"""Which version of the panel this is."""

from __future__ import annotations

import functools
import tomllib

from django.conf import settings


@functools.cache
def version() -> str:
    """Return the version that pyproject.toml states."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    return str(project["version"])
