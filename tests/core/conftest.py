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
    files = [
        path
        for folder in root.glob("**/templates")
        if ".venv" not in folder.parts
        for path in folder.rglob("*.html")
    ]
    return {str(path.relative_to(root)): path.read_text() for path in files}


@pytest.fixture(scope="session")
def icon_names() -> set[str]:
    sprite = (Path(settings.BASE_DIR) / "static" / "icons.svg").read_text()
    return set(re.findall(r'<symbol id="([^"]+)"', sprite))


@pytest.fixture(scope="session")
def used_icons(template_sources: dict[str, str]) -> set[str]:
    text = "\n".join(template_sources.values())
    return set(TAG.findall(text)) | set(OPTION.findall(text))
