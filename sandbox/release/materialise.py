"""Lay a spec over its base: what is absent is carried forward, what is named is changed (apply 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sandbox.problems import invalid_spec
from sandbox.release.spec import Site, Spec, Subdomains
from sandbox.release.state import File, Migration, PublicPaths, ReleaseState

SizeOf = Callable[[str], int | None]


def materialise(spec: Spec, base: ReleaseState, size_of: SizeOf) -> ReleaseState:
    """The state that `spec` makes out of `base`.

    `size_of` gives the true size of bytes the project already has, which wins over what the spec says.
    Raises Problem (INVALID_SPEC) when an address or a route would lead to something that is not there.
    """
    target = ReleaseState(
        site=_true_sizes(_site(spec.site, base.site), size_of),
        public_paths=_public_paths(spec.site, base.public_paths),
        subdomains=_subdomains(spec.subdomains, base.subdomains),
        routes=base.routes if spec.routes is None else spec.routes,
        i18n=_i18n(spec, base.i18n),
        checks=base.checks if spec.checks is None else spec.checks,
        required_secrets=base.required_secrets if spec.requires is None else spec.requires,
        migrations=_migrations(spec.database.migrations, base.migrations),
        expose=base.expose if spec.database.expose is None else spec.database.expose,
        functions=spec.functions.over(base.functions),
    )
    _check_targets(target)
    return target


def _site(site: Site | None, base: Mapping[str, File]) -> dict[str, File]:
    if site is None:
        return dict(base)
    if site.replace is not None:
        return dict(site.replace)
    kept = {path: file for path, file in base.items() if path not in site.delete}
    return {**kept, **site.put}


def _true_sizes(site: Mapping[str, File], size_of: SizeOf) -> dict[str, File]:
    sizes = {file.sha256: size_of(file.sha256) for file in site.values()}
    return {path: _sized(file, sizes[file.sha256]) for path, file in site.items()}


def _sized(file: File, size: int | None) -> File:
    return file if size is None or size == file.size else replace(file, size=size)


def _public_paths(site: Site | None, base: PublicPaths) -> PublicPaths:
    return site.public_paths if site and site.public_paths else base


def _subdomains(change: Subdomains | None, base: tuple[str, ...]) -> tuple[str, ...]:
    if change is None:
        return base
    names = set(base if change.set is None else change.set)
    return tuple(sorted((names | set(change.add)) - set(change.remove)))


def _migrations(listed: tuple[Migration, ...], base: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """Forward only: those of the base stay, new ones come behind them."""
    known = {migration.id for migration in base}
    return (*base, *(migration for migration in listed if migration.id not in known))


def _i18n(spec: Spec, base: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if spec.clears_i18n:
        return None
    return base if spec.i18n is None else spec.i18n


def _check_targets(target: ReleaseState) -> None:
    for path, entry in target.public_paths.entries.items():
        if entry.asset not in target.site:
            text = f"The address '{path}' shows '{entry.asset}', which the release does not have."
            raise invalid_spec(text, resource="site.public_paths")
    functions = {function.name for function in target.functions}
    for route in target.routes:
        if route.function and route.function not in functions:
            text = f"The route '{route.pattern}' calls '{route.function}', which the release does not have."
            raise invalid_spec(text, resource="routes")
        if not route.function and route.file not in target.site:
            text = f"The route '{route.pattern}' shows '{route.file}', which the release does not have."
            raise invalid_spec(text, resource="routes")
