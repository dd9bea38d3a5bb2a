"""What tests of the kernel read: the templates and the sprite of icons."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

TAG = re.compile(r'{%\s*(?:icon|emptystate)\s+"([a-z0-9-]+)"')
OPTION = re.compile(r'{%[^%]*\bicon="([a-z0-9-]+)"')


@pytest.fixture(scope="session")
def template_sources() -> dict[str, str]:
    """Return every template of the panel by its path."""
    root = Path(settings.BASE_DIR)
    folders = [folder.relative_to(root) for folder in root.glob("**/templates")]
    # What begins with a dot is not the panel's: .venv, and what `make conformance` keeps in .cache.
    own = [folder for folder in folders if not any(part.startswith(".") for part in folder.parts)]
    files = [path for folder in own for path in (root / folder).rglob("*.html")]
    return {str(path.relative_to(root)): path.read_text() for path in files}


@pytest.fixture(scope="session")
def icon_names() -> set[str]:
    sprite = (Path(settings.BASE_DIR) / "static" / "icons.svg").read_text()
    return set(re.findall(r'<symbol id="([^"]+)"', sprite))


@pytest.fixture(scope="session")
def used_icons(template_sources: dict[str, str]) -> set[str]:
    text = "\n".join(template_sources.values())
    return set(TAG.findall(text)) | set(OPTION.findall(text))
