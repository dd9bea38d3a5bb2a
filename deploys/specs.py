"""Release specs: what is sent to the gateway for a deploy or a redeploy, and which bytes it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploys.models import Deploy, Release

Spec = dict[str, Any]


def spec_of(deploy: Deploy) -> Spec:
    """Return the complete spec of a deploy from a source (contract: apply 2.2)."""
    spec: Spec = {"project_id": deploy.project.remote_id, **deploy.spec}
    source = deploy.source
    if source and source.files and "site" not in spec and source.manifest.get("takes_tree", True):
        spec["site"] = {"replace": source.files}
    return spec


def restoring_spec(release: Release, live: Mapping[str, Any]) -> Spec:
    """Return the spec that brings an archived release back: full `replace` slices and nothing else.

    No deletes, secrets, subdomains, migrations or base. `live` is the inventory of what serves now: slices that neither
    then nor now hold anything are left out, since some gateways refuse what they do not have.
    """
    state = release.archive
    public_paths = state.get("public_paths") or {"mode": "implicit"}
    spec: Spec = {
        "project_id": release.project.remote_id,
        "site": {"replace": state.get("site") or {}, "public_paths": public_paths},
        "routes": {"replace": state.get("routes") or []},
    }
    if state.get("functions") or live.get("functions"):
        spec["functions"] = {"replace": state.get("functions") or {}}
    if state.get("i18n") or live.get("i18n"):
        spec["i18n"] = state.get("i18n")
    return spec


def references(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every reference to bytes in a spec, wherever it stands."""
    for value in spec.values():
        yield from _references(value)


def _references(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        if isinstance(value.get("sha256"), str) and isinstance(value.get("size"), int):
            yield value
        else:
            yield from references(value)


def may_follow_the_live_release(spec: Mapping[str, Any]) -> bool:
    """Say whether the spec may be planned again when another release went live (contract: apply 2.11)."""
    return spec.get("base") in (None, {"release": "current"})
