"""Turns what a person uploads or pastes into a Source: files in the store, a manifest if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from core.errors import Refusal
from deploys import archives, manifests, store
from deploys.archives import Tree
from deploys.manifests import Manifest
from deploys.models import Source
from deploys.paths import shown
from run402.spec import canonical_json, sha256_hex
from teams.models import Team, User

PASTED = "manifest.json"


@dataclass(frozen=True)
class Upload:
    """What came with the form: an archive or a manifest file, a pasted manifest, or an archive with one."""

    file: UploadedFile[Any] | None
    pasted: str

    @property
    def name(self) -> str:
        return shown(str(self.file.name)) if self.file else PASTED


def read_upload(upload: Upload, *, team: Team, user: User) -> Source:
    """Return an unsaved source whose bytes are stored. Raises Refusal with the form field it belongs to."""
    _require_size(upload.file)
    tree, kind, document = _tree(upload)
    pasted = upload.pasted.strip()
    if pasted and document is not None:
        raise Refusal(
            "TWO_MANIFESTS", _("The upload holds a manifest too. Send one of them."), field="manifest"
        )
    document = pasted.encode() if pasted else document
    if document is None:
        return _source(upload, team, user, kind, tree, None)
    manifest = manifests.read_manifest(manifests.parse(document), tree.files)
    return _source(upload, team, user, kind, tree, manifest)


def _require_size(file: UploadedFile[Any] | None) -> None:
    if file is not None and (file.size or 0) > settings.UPLOAD_MAX_BYTES:
        raise too_large()


def too_large() -> Refusal:
    """Return the refusal of an upload beyond the operator's limit."""
    sentence = _("An upload has at most %(most)s MB.") % {"most": settings.UPLOAD_MAX_BYTES // 2**20}
    return Refusal("UPLOAD_TOO_LARGE", sentence, field="archive")


def _tree(upload: Upload) -> tuple[Tree, Source.Kind, bytes | None]:
    """Return the files, what they came as, and the bytes of a manifest that came in a file."""
    if upload.file is None:
        if not upload.pasted.strip():
            raise Refusal("SOURCE_MISSING", _("Choose an archive, or paste a manifest."), field="archive")
        return Tree({}), Source.Kind.MANIFEST, None
    file = cast(BinaryIO, upload.file.file)
    file.seek(0)
    if not archives.is_archive(file) and file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        file.seek(0)
        return Tree({}), Source.Kind.MANIFEST, file.read(manifests.MAX_BYTES + 1)
    file.seek(0)
    kind = Source.Kind.ZIP if archives.is_zip(file) else Source.Kind.TAR
    tree = archives.read_archive(file, name=upload.name)
    return tree, kind, _manifest_of(tree)


def _manifest_of(tree: Tree) -> bytes | None:
    """Take the manifest at the archive's root out of the files: it is read, never served."""
    found = tree.files.pop(manifests.NAME, None)
    if found is None:
        return None
    with store.open_blob(found["sha256"]) as file:
        return file.read(manifests.MAX_BYTES + 1)


def _source(
    upload: Upload, team: Team, user: User, kind: Source.Kind, tree: Tree, manifest: Manifest | None
) -> Source:
    stored = _kept(manifest) if manifest else {}
    if tree.stripped:
        stored["stripped"] = tree.stripped
    return Source(
        team=team,
        created_by=user,
        name=upload.name[:200],
        kind=kind,
        files=tree.files,
        left_out=tree.left_out,
        manifest=stored,
        digest=sha256_hex(canonical_json([tree.files, stored])),
        file_count=len(tree.files),
        total_bytes=sum(int(file["size"]) for file in tree.files.values()),
    )


def _kept(manifest: Manifest) -> dict[str, Any]:
    return {
        "spec": manifest.spec,
        "project_id": manifest.project_id,
        "idempotency_key": manifest.idempotency_key,
        "takes_tree": manifest.takes_tree,
        "not_named": list(manifest.not_named),
        "by_digest": list(manifest.by_digest),
    }
