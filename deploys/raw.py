"""Links to foreign bytes: whoever holds one may read one file for five minutes, and learns nothing else.

A capability is signed with the panel's secret key and names team, digest, file name and kind of one file. A page that
has checked the right to see the file makes it; serving asks for nothing more, so that no cookie is needed
(docs/threat-model.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core import signing

from deploys.paths import shown

SALT = "deploys.raw"
SECONDS = 300
#: What a browser may draw from here. SVG is a document with scripts, not a picture.
IMAGES = frozenset(
    {"image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp", "image/x-icon"}
)


class Expired(Exception):
    """The capability was good once."""


class Invalid(Exception):
    """Nobody here made this capability."""


@dataclass(frozen=True)
class RawFile:
    """One file that a capability opens."""

    team_id: UUID
    sha256: str
    name: str
    content_type: str

    @property
    def is_image(self) -> bool:
        return is_image(self.content_type)


def is_image(content_type: str) -> bool:
    """Say whether a browser may draw a file of this type in place."""
    return content_type.partition(";")[0].strip().lower() in IMAGES


def capability(file: RawFile) -> str:
    """Return the last part of the file's address, good for five minutes."""
    content = [str(file.team_id), file.sha256, shown(file.name.rpartition("/")[2]), file.content_type]
    return signing.dumps(content, salt=SALT)


def opened(text: str) -> RawFile:
    """Return what a capability opens. Raises Expired or Invalid."""
    try:
        content: Any = signing.loads(text, salt=SALT, max_age=SECONDS)
    except signing.SignatureExpired:
        raise Expired from None
    except signing.BadSignature:
        raise Invalid from None
    team, sha256, name, content_type = content
    return RawFile(UUID(team), sha256, name, content_type)
