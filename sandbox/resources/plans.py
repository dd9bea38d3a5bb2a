"""Plan and commit (apply 2.5, 2.6, 2.8)."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access, cashier
from sandbox.clock import DAY, iso
from sandbox.ids import new_id
from sandbox.problems import Problem, bad_request, conflict, invalid_spec, not_found
from sandbox.release import asset_plan, migrating
from sandbox.release.planner import Draft, Planner, missing_content
from sandbox.release.spec import read_project_id
from sandbox.release.state import File, ReleaseState
from sandbox.store.operations import Operation
from sandbox.store.plans import Plan
from sandbox.store.projects import Project
from sandbox.web import Call, answer, endpoint

_KNOBS = ("base_conflict", "activation_pending", "needs_repair", "fail")


def plan(call: Call) -> Response:
    wallet = access.wallet(call)
    body = call.json()
    project = access.owned_project(call, wallet, read_project_id(body.get("spec")))
    access.require_open(call, project)
    dry_run = call.query("dry_run") == "true"
    with call.gateway.store.transaction():
        made = Planner(call.gateway.store, project, call.gateway.settings.app_url).draft(
            _spec(call, project, body)
        )
        made.answer["warnings"] += _ordered_warnings(call)
        if dry_run:
            return answer({**made.answer, "plan_id": None, "operation_id": None})
        return answer(_store(call, project, made, _idempotency_key(body)))


def _spec(call: Call, project: Project, body: dict[str, Any]) -> dict[str, Any]:
    """The inline spec, or the one that was uploaded as content because it is large."""
    reference = body.get("manifest_ref")
    spec = body["spec"]
    if reference is None:
        return dict(spec)
    sha256 = reference.get("sha256") if isinstance(reference, dict) else None
    if not isinstance(sha256, str) or call.gateway.store.content.size(project.id, sha256) is None:
        raise invalid_spec("The bytes of 'manifest_ref' were not uploaded.", resource="manifest_ref")
    try:
        uploaded = json.loads(call.gateway.store.blobs.read(sha256))
    except ValueError as error:
        raise invalid_spec("'manifest_ref' is not JSON.", resource="manifest_ref") from error
    if not isinstance(uploaded, dict) or read_project_id({**spec, **uploaded}) != project.id:
        raise invalid_spec("'manifest_ref' is a spec of another project.", resource="manifest_ref")
    return {**spec, **uploaded}


def _ordered_warnings(call: Call) -> list[dict[str, Any]]:
    knob = call.knob("warn")
    if knob is None:
        return []
    return [
        {
            "code": knob.get("code", "SANDBOX_WARNING"),
            "severity": knob.get("severity", "high"),
            "requires_confirmation": bool(knob.get("requires_confirmation", True)),
            "message": knob.get("message", "A knob of the sandbox asked for this warning."),
        }
    ]


def _idempotency_key(body: dict[str, Any]) -> str | None:
    key = body.get("idempotency_key")
    if key is not None and (not isinstance(key, str) or not 0 < len(key) <= 255):
        raise bad_request("INVALID_IDEMPOTENCY_KEY", "'idempotency_key' is a text of 1 to 255 characters.")
    return key


def _store(call: Call, project: Project, made: Draft, key: str | None) -> dict[str, Any]:
    """Keep the plan and its operation; the same key, spec and base give the same plan again."""
    store, now = call.gateway.store, call.gateway.clock.now()
    repeated = store.plans.repeated(project.id, made.base_release_id, made.spec_digest, key) if key else None
    if repeated:
        fresh = {"missing_content": made.answer["missing_content"]}
        return {**repeated.answer, **fresh}
    ids = {"plan_id": new_id("plan"), "operation_id": new_id("op")}
    full = {**made.answer, **ids, "plan_expires_at": iso(now + DAY)}
    stored = Plan(
        id=ids["plan_id"],
        operation_id=ids["operation_id"],
        project_id=project.id,
        base_release_id=made.base_release_id,
        spec_digest=made.spec_digest,
        idempotency_key=key,
        target=made.target.to_json(),
        answer=full,
        created_at=now,
        expires_at=now + DAY,
    )
    for sha256, content in made.inline.items():
        store.blobs.put(content, sha256)
        store.content.link(project.id, sha256, len(content))
    store.plans.create(stored)
    _begin(call, stored, now)
    return full


def _begin(call: Call, stored: Plan, now: float) -> None:
    operations = call.gateway.store.operations
    operations.create(
        operation_id=stored.operation_id,
        project_id=stored.project_id,
        plan_id=stored.id,
        kind="apply",
        base=stored.base_release_id,
        now=now,
    )
    diff = {
        name: stored.answer[name]
        for name in ("summary", "is_noop", "site", "functions", "routes", "subdomains", "secrets")
    }
    operations.add_event(stored.operation_id, {"type": "plan.started"}, now=now)
    operations.add_event(stored.operation_id, {"type": "plan.diff", "diff": diff}, now=now)
    if stored.answer["warnings"]:
        found = {"type": "plan.warnings", "warnings": stored.answer["warnings"]}
        operations.add_event(stored.operation_id, found, now=now)


def commit(call: Call) -> Response:
    """Accept a plan; the machine does the rest. Committing again tells how far it is."""
    wallet = access.wallet(call)
    store = call.gateway.store
    _idempotency_key(call.json())
    # Outside the transaction: a refusal undoes that, and the knob would come back for ever.
    ordered = {name: knob for name in _KNOBS if (knob := call.knob(name))}
    charged = call.knob("charge")
    if charged:
        store.operations.charge(call.path_param("id"), charged)
    headers: dict[str, str] = {}
    with store.transaction():
        stored = store.plans.get(call.path_param("id"))
        if stored is None:
            raise _no_plan()
        try:
            project = access.owned_project(call, wallet, stored.project_id)
        except Problem as problem:
            raise _no_plan() from problem
        access.require_open(call, project)
        operation = _operation(call, stored)
        if operation.status in ("planning", "uploading"):
            headers = _collect(call, operation)
            _accept(call, project, stored, operation, ordered)
            operation = _operation(call, stored)
    return answer(_commit_answer(operation), headers=headers)


def _collect(call: Call, operation: Operation) -> dict[str, str]:
    """Take the price that a knob put on this commit; it stays until it was paid. Raises Problem (402)."""
    charged = operation.knobs.get("charge")
    if not charged:
        return {}
    offer = cashier.Offer(
        url=f"{call.origin}{call.request.url.path}",
        description="Activates a planned release.",
        micros=int(charged.get("amount_usd_micros", 100_000)),
        sample={"operation_id": operation.id, "status": "running"},
    )
    return cashier.collect(call, offer)


def _no_plan() -> Problem:
    return not_found("PLAN_NOT_FOUND", "This wallet has no such plan.")


def _operation(call: Call, stored: Plan) -> Operation:
    operation = call.gateway.store.operations.get(stored.operation_id)
    if operation is None:
        raise not_found("OPERATION_NOT_FOUND", "The plan's operation is gone.")
    return operation


def _accept(
    call: Call, project: Project, stored: Plan, operation: Operation, ordered: dict[str, dict[str, Any]]
) -> None:
    ids: dict[str, Any] = {"operation_id": operation.id, "plan_id": stored.id}
    if stored.expires_at < call.gateway.clock.now():
        raise Problem(
            410, "PLAN_EXPIRED", "The plan is older than a day; plan again.", category="deploy", **ids
        )
    if "base_conflict" in ordered or project.active_release_id != stored.base_release_id:
        raise conflict(
            "BASE_RELEASE_CONFLICT",
            "Another release became live since the plan; plan again.",
            retryable=True,
            phase="validate",
            details={"base_release_id": stored.base_release_id, "live_release_id": project.active_release_id},
            next_actions=("retry",),
            **ids,
        )
    _require_content(call, stored, ids)
    _require_secrets(call, stored, ids)
    asset_plan.check_sync(call.gateway.store, stored.project_id, stored.answer)
    _require_database(call, stored, ids)
    call.gateway.store.operations.order(operation.id, ordered)
    call.gateway.machine.enter(operation, "committing")


def _require_content(call: Call, stored: Plan, ids: dict[str, Any]) -> None:
    state = ReleaseState.from_json(stored.target)
    files = [*state.site.values(), *(file for function in state.functions for file in function.code)]
    entries = stored.answer.get("asset_entries", ())
    files += [File(entry["sha256"], entry["size_bytes"], entry["content_type"]) for entry in entries]
    asked = missing_content(call.gateway.store, stored.project_id, files)
    missing = [item["sha256"] for item in asked if not item["present"]]
    if missing:
        text = f"{len(missing)} object(s) of the plan were not uploaded."
        details = {"missing": missing[:100]}
        raise conflict(
            "CONTENT_UPLOAD_FAILED", text, retryable=True, phase="validate", details=details, **ids
        )


def _require_secrets(call: Call, stored: Plan, ids: dict[str, Any]) -> None:
    required = set(ReleaseState.from_json(stored.target).required_secrets)
    missing = sorted(required - set(call.gateway.store.secrets.keys(stored.project_id)))
    if missing:
        text = f"Required secrets are not set: {', '.join(missing)}."
        raise Problem(
            422, "MISSING_REQUIRED_SECRET", text, category="deploy", details={"missing": missing}, **ids
        )


def _require_database(call: Call, stored: Plan, ids: dict[str, Any]) -> None:
    """The plan's own checks once more, now that all SQL has to be here."""
    store, target = call.gateway.store, ReleaseState.from_json(stored.target)
    new = migrating.fresh(store, stored.project_id, target.migrations)
    texts = [migrating.sql_of(store, stored.project_id, migration, {}) for migration in new]
    missing = [migration.id for migration, text in zip(new, texts, strict=True) if text is None]
    if missing:
        text = f"The SQL of '{missing[0]}' was not uploaded."
        details = {"missing": missing}
        raise conflict(
            "MIGRATION_SQL_NOT_FOUND", text, retryable=True, phase="validate", details=details, **ids
        )
    if migrating.changes_exposure(store, stored.project_id, target.expose) or new:
        migrating.check(store, stored.project_id, texts, target.expose)


def _commit_answer(operation: Operation) -> dict[str, Any]:
    direct = ("schema_settling", "activation_pending", "ready", "failed")
    return {
        "operation_id": operation.id,
        "status": operation.status if operation.status in direct else "running",
        **(
            {"release_id": operation.release_id, "urls": operation.urls}
            if operation.status == "ready"
            else {}
        ),
        **({"error": operation.error} if operation.error else {}),
    }


routes = [
    Route("/apply/v1/plans", endpoint(plan), methods=["POST"]),
    Route("/apply/v1/plans/{id}/commit", endpoint(commit), methods=["POST"]),
]
