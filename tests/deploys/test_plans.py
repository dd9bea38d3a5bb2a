"""When a plan may go on without asking again."""

from __future__ import annotations

from typing import Any

import pytest

from deploys import plans
from run402.resources.plans import read_plan

WARNING = {
    "code": "LOOK",
    "severity": "warn",
    "requires_confirmation": True,
    "message": "Look.",
    "affected": ["a"],
}


def kept(**fields: Any) -> plans.Kept:
    answer = {"base_release_id": "rel_1", "warnings": [], **fields}
    return plans.kept(read_plan(answer), {})


def site(added: list[str] | None = None, removed: list[str] | None = None, **totals: int) -> dict[str, Any]:
    part: dict[str, Any] = {
        "added": [{"path": path, "sha256": path} for path in added or []],
        "changed": [],
        "removed": removed or [],
    }
    return {**part, "totals": totals} if totals else part


@pytest.mark.parametrize(
    ("reviewed", "real"),
    [
        (kept(), kept()),
        (kept(warnings=[WARNING]), kept(warnings=[WARNING])),
        (kept(warnings=[WARNING]), kept()),
        (kept(), kept(warnings=[{**WARNING, "requires_confirmation": False}])),
        (kept(site=site(removed=["a", "b"])), kept(site=site(removed=["a"]))),
        (kept(site=site(added=["a", "b"])), kept(site=site(added=["b"]))),
        (kept(payment_required={"amount": "200"}), kept(payment_required={"amount": "100"})),
        (
            kept(manifest_digest="d", site=site(added=["a"])),
            kept(manifest_digest="d", site=site(added=["a"])),
        ),
    ],
)
def test_an_equal_or_smaller_plan_goes_on(reviewed: plans.Kept, real: plans.Kept) -> None:
    assert plans.differences(reviewed, real) == []


@pytest.mark.parametrize(
    ("reviewed", "real", "sentence"),
    [
        (
            kept(),
            kept(base_release_id="rel_2"),
            "Another release became live meanwhile, so this plan starts from it.",
        ),
        (kept(), kept(warnings=[WARNING]), "New warning: LOOK. Look."),
        (
            kept(warnings=[WARNING]),
            kept(warnings=[{**WARNING, "affected": ["b"]}]),
            "New warning: LOOK. Look.",
        ),
        (kept(site=site(removed=["a"])), kept(site=site(removed=["b"])), "New and destructive: file b."),
        (kept(), kept(subdomains={"added": [], "removed": ["tide"]}), "New and destructive: address tide."),
        (
            kept(),
            kept(migrations={"new": [{"id": "1", "transaction": "none"}], "noop": []}),
            "New and destructive: migration 1.",
        ),
        (kept(site=site(added=["a"])), kept(site=site(added=["b"])), "Changes more than you saw: site."),
        (kept(), kept(routes={"added": [{"pattern": "/x"}]}), "Changes more than you saw: routes."),
        (kept(), kept(payment_required={"amount": "1"}), "It costs more than you saw."),
        (
            kept(manifest_digest="d1", site=site(removed=["a"])),
            kept(manifest_digest="d2", site={**site(removed=["a"]), "totals": {"removed": 1500}}),
            "Changes more than you saw: site.",
        ),
    ],
)
def test_a_larger_plan_asks_again(reviewed: plans.Kept, real: plans.Kept, sentence: str) -> None:
    assert sentence in plans.differences(reviewed, real)


def test_totals_are_the_gateways_where_it_cuts_its_lists() -> None:
    plan = kept(site={**site(added=["a"]), "totals": {"added": 1200, "removed": 0, "changed": 0}})
    assert plan["totals"]["site"] == {"added": 1200, "changed": 0, "removed": 0}
