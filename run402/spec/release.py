"""The release spec as one value, and the documents it becomes (contract: apply 2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from run402.spec.assets import Assets
from run402.spec.base import Base
from run402.spec.canonical import canonical_json
from run402.spec.checks import Check
from run402.spec.content import ContentRef, unique
from run402.spec.core import core_wire
from run402.spec.database import Database
from run402.spec.functions import Function, Functions
from run402.spec.i18n import I18n
from run402.spec.routes import Routes
from run402.spec.secret_names import Secrets
from run402.spec.site import Site
from run402.spec.subdomains import Subdomains
from run402.spec.values import ABSENT, Absent, Dialect, Document, given


@dataclass(frozen=True)
class ReleaseSpec:
    """What a release shall be. What is None is carried forward; an ``i18n`` of None clears, absent carries forward.

    >>> ReleaseSpec("prj_1", subdomains=Subdomains(set=("guestbook",))).to_cloud()
    {'project_id': 'prj_1', 'subdomains': {'set': ['guestbook']}}
    """

    project: str | None
    base: Base | None = None
    database: Database | None = None
    secrets: Secrets | None = None
    functions: Functions | None = None
    site: Site | None = None
    subdomains: Subdomains | None = None
    routes: Routes | None = None
    checks: tuple[Check, ...] | None = None
    assets: Assets | None = None
    i18n: I18n | Absent | None = ABSENT
    extra: Document = field(default_factory=dict, repr=False)

    @property
    def deploys(self) -> bool:
        """Whether any section asks for a change (contract: apply 2.2, the table of what counts)."""
        sections = (
            self.database, self.site, self.functions, self.secrets, self.subdomains, self.assets,
        )  # fmt: skip
        counted = any(section is not None and section.deploys for section in sections)
        return counted or self.routes is not None or bool(self.checks) or self.i18n is not ABSENT

    @property
    def may_be_rebased(self) -> bool:
        """Whether another release going live in between may be answered by planning again (contract: apply 2.11)."""
        return self.base is None or self.base == Base(release="current")

    def refs(self) -> Iterator[ContentRef]:
        """Every reference to bytes, wherever it stands."""
        yield from (item.sql for item in (self.database and self.database.migrations) or ())
        for section in (self.site, self.functions, self.assets):
            yield from () if section is None else section.refs()

    def contents(self) -> dict[str, ContentRef]:
        """The references by digest, each once, one with a source where there is one."""
        return unique(list(self.refs()))

    def to_cloud(self) -> dict[str, Any]:
        """The document for a Cloud gateway: snake_case, bytes by reference."""
        return self._document("cloud", "project_id")

    def to_core(self, *, live_functions: Mapping[str, Function] | None = None) -> dict[str, Any]:
        """The document for Core: camelCase, SQL inline, functions complete; see ``core.core_wire``."""
        return core_wire(self, live_functions or {})

    def canonical(self) -> bytes:
        """The canonical JSON of the Cloud document."""
        return canonical_json(self.to_cloud())

    def _document(self, dialect: Dialect, project: str) -> dict[str, Any]:
        i18n = self.i18n
        sections = {
            project: given(self.project),
            "base": given(self.base and self.base.to_wire()),
            "database": given(self.database and self.database.to_wire(dialect)),
            "secrets": given(self.secrets and self.secrets.to_wire()),
            "functions": given(self.functions and self.functions.to_wire(dialect)),
            "site": given(self.site and self.site.to_wire(dialect)),
            "subdomains": given(self.subdomains and self.subdomains.to_wire()),
            "routes": given(self.routes and self.routes.to_wire()),
            "checks": given(None if self.checks is None else [check.to_wire() for check in self.checks]),
            "assets": given(self.assets and self.assets.to_wire()),
            "i18n": i18n.to_wire(dialect) if isinstance(i18n, I18n) else i18n,
        }
        return {**{name: item for name, item in sections.items() if item is not ABSENT}, **self.extra}
