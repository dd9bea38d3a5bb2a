"""A plan as it is kept, shown, and compared with the one a person reviewed (contract: apply 2.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal
from run402.resources.plans import Plan
from run402.spec import canonical_json, sha256_hex

#: How many paths of each kind are kept for the page; all of them are in the digests.
SHOWN = 1000
PARTS = ("site", "functions", "secrets", "subdomains", "routes", "migrations")
_KINDS = ("added", "changed", "removed")
_NOUNS = {
    "site": "file",
    "functions": "function",
    "secrets": "secret",
    "subdomains": "address",
    "routes": "route",
    "migrations": "migration",
}

Kept = dict[str, Any]


def kept(plan: Plan, sizes: Mapping[str, int]) -> Kept:
    """Return what the panel stores of a plan. `sizes` gives the bytes of a digest where the spec tells them."""
    diffs: dict[str, dict[str, Any]] = {name: getattr(plan, name) or {} for name in PARTS}
    parts = {name: part_of(diff) for name, diff in diffs.items()}
    found: Kept = {
        "plan_id": plan.plan_id or "",
        "operation_id": plan.operation_id or "",
        "base_release_id": plan.base_release_id or "",
        "manifest_digest": plan.manifest_digest or "",
        "is_noop": plan.is_noop,
        "summary": plan.summary,
        "warnings": [warning_kept(warning) for warning in plan.warnings],
        "digests": {name: _digests(part) for name, part in parts.items()},
        "totals": {name: totals_of(diffs[name], part) for name, part in parts.items()},
        "removals": sorted(_removals(parts)),
        "cost": plan.cost or {},
        "price_micros": price_micros(plan),
        **_upload(plan),
        **{name: _cut(part, sizes) for name, part in parts.items()},
    }
    found["digest"] = sha256_hex(
        canonical_json([found[key] for key in ("digests", "warnings", "base_release_id", "price_micros")])
    )
    return found


def price_micros(plan: Plan) -> int:
    """Return what the plan says it costs, in USDC micros; 0 when it names no price.

    Raises Refusal for a price that cannot be read: it is never guessed.
    """
    cost = plan.cost or {}
    named = [_micros(plan.payment_required.get("amount"))] if plan.payment_required else []
    delta = cost.get("billable_delta_usd_micros")
    if isinstance(delta, int) and delta > 0:
        named.append(delta)
    if cost.get("payment_required") is True and not named:
        raise _unreadable()
    return max(named, default=0)


def _micros(amount: object) -> int:
    """Read an amount: whole numbers are atomic units as in x402, a decimal point or “$” means USD."""
    text = str(amount).strip() if isinstance(amount, str | int) and not isinstance(amount, bool) else ""
    if re.fullmatch(r"\d{1,15}", text):
        return int(text)
    if re.fullmatch(r"\$?\d{1,9}(\.\d{1,6})?", text):
        return int(Decimal(text.removeprefix("$")) * 1_000_000)
    raise _unreadable()


def _unreadable() -> Refusal:
    return Refusal(
        "PRICE_UNREADABLE",
        _("The plan asks for a payment but names no price that can be read. Nothing is paid."),
    )


def blocking(plan: Kept) -> list[dict[str, Any]]:
    """Return the warnings that a person must acknowledge, one by one."""
    return [warning for warning in plan.get("warnings") or [] if warning["blocking"]]


def differences(reviewed: Kept, real: Kept) -> list[str]:
    """Return, as sentences, in what the real plan goes beyond the reviewed one; empty when it may go on.

    Equal or smaller passes. Another base, a new blocking warning, a new removal, other changes, a higher price do not.
    """
    found: list[str] = []
    if real["base_release_id"] != reviewed["base_release_id"]:
        found.append(_("Another release became live meanwhile, so this plan starts from it."))
    seen = [_identity(warning) for warning in blocking(reviewed)]
    new = [warning for warning in blocking(real) if _identity(warning) not in seen]
    text = _("New warning: %(code)s. %(message)s")
    found += [text % {"code": warning["code"], "message": warning["message"]} for warning in new]
    gone = sorted(set(real["removals"]) - set(reviewed["removals"]))
    if gone:
        found.append(_("New and destructive: %(what)s.") % {"what": _some(gone)})
    found += [_("Changes more than you saw: %(part)s.") % {"part": part} for part in _grown(reviewed, real)]
    if real["price_micros"] > reviewed["price_micros"]:
        found.append(_("It costs more than you saw."))
    return found


def _identity(warning: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    return str(warning["code"]), tuple(warning["affected"])


def _grown(reviewed: Kept, real: Kept) -> list[str]:
    """Return the parts that change otherwise, and not less, than what was reviewed.

    The gateway's own digest of the whole says that nothing differs; where it does, a list that was cut proves nothing.
    """
    if real["manifest_digest"] and real["manifest_digest"] == reviewed["manifest_digest"]:
        return []
    return [name for name in PARTS if any(_differs(reviewed, real, name, kind) for kind in _KINDS)]


def _differs(reviewed: Kept, real: Kept, name: str, kind: str) -> bool:
    before, after = reviewed["totals"][name][kind], real["totals"][name][kind]
    if kind == "removed" and after <= len(real[name][kind]):
        return False  # the list is whole, and was compared name by name
    return after >= before and (after > before or after > SHOWN or not _same(reviewed, real, name, kind))


def _same(reviewed: Kept, real: Kept, name: str, kind: str) -> bool:
    return bool(reviewed["digests"][name][kind] == real["digests"][name][kind])


def _some(names: list[str]) -> str:
    first = ", ".join(names[:5])
    return (
        first
        if len(names) <= 5
        else _("%(some)s and %(more)s more") % {"some": first, "more": len(names) - 5}
    )


def warning_kept(warning: Any) -> dict[str, Any]:
    """Return what is stored of a warning."""
    return {
        "code": warning.code,
        "severity": warning.severity,
        "blocking": warning.blocking,
        "message": warning.message,
        "affected": list(warning.affected),
        "details": warning.details,
    }


def part_of(diff: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return a diff as lists of added, changed and removed; migrations call theirs “new”."""
    if "new" in diff:
        return {"added": _list(diff["new"]), "changed": [], "removed": []}
    return {kind: _list(diff.get(kind)) for kind in _KINDS}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _digests(part: Mapping[str, list[Any]]) -> dict[str, str]:
    return {kind: sha256_hex(canonical_json(sorted(part[kind], key=canonical_json))) for kind in _KINDS}


def totals_of(diff: Mapping[str, Any], part: Mapping[str, list[Any]]) -> dict[str, int]:
    """Return the true numbers: a gateway may cut its lists (DIFF_TRUNCATED) and tell the totals beside them."""
    told = diff.get("totals") if isinstance(diff.get("totals"), dict) else {}
    return {kind: max(_count((told or {}).get(kind)), len(part[kind])) for kind in _KINDS}


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _removals(parts: Mapping[str, dict[str, list[Any]]]) -> set[str]:
    """Return everything that goes away, and migrations that cannot be rolled back, by name."""
    found = {f"{_NOUNS[name]} {entry_name(entry)}" for name in PARTS for entry in parts[name]["removed"]}
    loose = [
        entry
        for entry in parts["migrations"]["added"]
        if isinstance(entry, dict) and entry.get("transaction") == "none"
    ]
    return found | {f"migration {entry_name(entry)}" for entry in loose}


def entry_name(entry: object) -> str:
    """Return what an entry of any diff is called."""
    if isinstance(entry, Mapping):
        names = (entry.get(key) for key in ("path", "pattern", "name", "id", "migration_id", "key"))
        return next((str(name) for name in names if name), "")
    return str(entry)


def _cut(part: dict[str, list[Any]], sizes: Mapping[str, int]) -> dict[str, list[Any]]:
    return {kind: [_sized(entry, sizes) for entry in part[kind][:SHOWN]] for kind in _KINDS}


def _sized(entry: Any, sizes: Mapping[str, int]) -> Any:
    digest = entry.get("sha256") or entry.get("sha256_new") if isinstance(entry, dict) else None
    size = sizes.get(str(digest))
    return entry if size is None else {**entry, "size": size}


def _upload(plan: Plan) -> dict[str, int]:
    missing = [item for item in plan.missing_content if not item.present]
    return {
        "upload_count": len(missing),
        "upload_bytes": sum(item.size for item in missing),
        "reused_bytes": sum(item.size for item in plan.missing_content if item.present),
    }
