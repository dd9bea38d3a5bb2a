"""Jobs: submit with a cap, look, read the log, take the files, cancel, purge (apply 8; `sandbox.running`).

The contract does not name the errors: codes that are the sandbox's own stand in its README.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access, running
from sandbox.clock import iso, parse_iso
from sandbox.idempotency import key_of, once
from sandbox.ids import new_id
from sandbox.problems import Problem, bad_request, not_found
from sandbox.store.jobs import Job
from sandbox.store.projects import Project
from sandbox.web import Call, answer, endpoint

TYPES = ("kysigned.fflonk_prove.v0_17_0",)
#: A cap below what a run costs at least is refused.
LEAST_CAP_MICROS = running.START_MICROS + running.SECOND_MICROS
DEFAULT_TAIL, MOST_TAIL = 100, 1000


def submit(call: Call) -> Response:
    project = access.serviced_project(call)
    if key_of(call) is None:
        raise bad_request("IDEMPOTENCY_KEY_REQUIRED", "A job needs an Idempotency-Key header.")
    return once(call, project.id, lambda: _submit(call, project))


def _submit(call: Call, project: Project) -> Response:
    access.require_open(call, project)
    job_type = call.text("job_type")
    if job_type not in TYPES:
        raise bad_request(
            "UNKNOWN_JOB_TYPE",
            f"There is no such type; the sandbox runs {', '.join(TYPES)}.",
            field="job_type",
        )
    most = _cap(call)
    given = _input(call)
    _require_balance(call, project, most)
    knob = call.knob("job") or {}
    job = _made(call, project, job_type, given, most, knob)
    call.gateway.store.jobs.create(job)
    return answer(running.told(job, call.origin), 202)


def _cap(call: Call) -> int:
    most = call.json().get("max_cost_usd_micros")
    if type(most) is not int or most < 1:
        text = "'max_cost_usd_micros' must be a positive whole number."
        raise bad_request("BAD_FIELD", text, field="max_cost_usd_micros")
    if most < LEAST_CAP_MICROS:
        raise bad_request(
            "MAX_COST_TOO_LOW",
            f"A run costs at least {LEAST_CAP_MICROS} micros, and the cap is {most}.",
            field="max_cost_usd_micros",
            details={"minimum_usd_micros": LEAST_CAP_MICROS},
        )
    return most


def _input(call: Call) -> dict[str, Any]:
    """Under `input_json`, or under the older name."""
    given = call.json().get("input")
    files = given if isinstance(given, dict) else {}
    found = files.get("input_json", files.get("input.json"))
    if not isinstance(found, dict):
        raise bad_request("BAD_FIELD", "'input' must hold a JSON object under 'input_json'.", field="input")
    return found


def _require_balance(call: Call, project: Project, most: int) -> None:
    store = call.gateway.store
    running.catch_up(store, project.owner, call.gateway.clock.now())
    free = store.accounts.get(project.owner).credit_micros - running.held(store, project.owner)
    if free < most:
        raise Problem(
            402,
            "INSUFFICIENT_BALANCE",
            f"The cap of {most} micros is more than the prepaid balance has free: {max(free, 0)}.",
            category="payment",
            details={"available_usd_micros": max(free, 0), "required_usd_micros": most},
            next_actions=("top_up",),
        )


def _made(
    call: Call, project: Project, job_type: str, given: dict[str, Any], most: int, knob: dict[str, Any]
) -> Job:
    """A knob may say how long it waits and runs, what it costs, and that it fails."""
    now, phase = call.gateway.clock.now(), call.gateway.settings.phase_seconds
    seconds = _seconds(knob, "seconds", phase * running.RUNNING_PHASES)
    starts = now + _seconds(knob, "queued_seconds", phase * running.QUEUED_PHASES)
    return Job(
        id=new_id("job"),
        project_id=project.id,
        owner=project.owner.lower(),
        job_type=job_type,
        input=given,
        most_micros=most,
        knob={**knob, "seconds": seconds},
        status="queued",
        cost_micros=None,
        created_at=now,
        starts_at=starts,
        ends_at=starts + seconds,
    )


def _seconds(knob: dict[str, Any], name: str, usual: float) -> float:
    ordered = knob.get(name)
    return float(ordered) if isinstance(ordered, int | float) else usual


def get(call: Call) -> Response:
    return answer(running.told(_job(call), call.origin))


def logs(call: Call) -> Response:
    job = _job(call)
    tail = call.whole_number("tail", default=DEFAULT_TAIL, most=MOST_TAIL)
    since = _since(call.query("since"))
    said = running.lines(job, call.gateway.clock.now())
    return answer({"logs": [line for line in said if line["timestamp"] >= since][-tail:]})


def artifact(call: Call) -> Response:
    content = running.file(_job(call), call.path_param("name"))
    if content is None:
        raise not_found("ARTIFACT_NOT_FOUND", "This run has left no such file, or has not completed yet.")
    return Response(content, headers={"Cache-Control": "no-store"}, media_type="application/json")


def cancel(call: Call) -> Response:
    """One that has ended is answered as it is."""
    with call.gateway.store.transaction():
        job = _job(call)
        if job.is_open:
            job = running.finish(call.gateway.store, running.cancelled(job, call.gateway.clock.now()))
    return answer(running.told(job, call.origin))


def purge(call: Call) -> Response:
    project, store, now = access.serviced_project(call), call.gateway.store, call.gateway.clock.now()
    with store.transaction():
        running.catch_up(store, project.owner, now)
        jobs = store.jobs.of_project(project.id)
        stopped = [running.finish(store, running.cancelled(job, now)) for job in jobs if job.is_open]
        store.jobs.remove(project.id)
    counts = {"deleted_jobs": len(jobs), "cancelled_active_jobs": len(stopped)}
    return answer({**counts, "terminated_instances": 0})


def _job(call: Call) -> Job:
    """The job the path names, where the clock says it is."""
    project, store = access.serviced_project(call), call.gateway.store
    running.catch_up(store, project.owner, call.gateway.clock.now())
    job = store.jobs.get(project.id, call.path_param("id"))
    if job is None:
        raise not_found("JOB_NOT_FOUND", "This project has no such job.")
    return job


def _since(text: str | None) -> str:
    """Milliseconds, or an ISO time, as the text that timestamps are compared with."""
    if text is None:
        return ""
    try:
        moment = int(text) / 1000 if text.isascii() and text.isdigit() else parse_iso(text)
        return iso(moment) or ""
    except (ValueError, OverflowError, OSError) as error:
        raise bad_request(
            "BAD_FIELD", "'since' must be milliseconds or an ISO time.", field="since"
        ) from error


_RUN = "/jobs/v1/runs/{id}"

routes = [
    Route("/jobs/v1/runs", endpoint(submit), methods=["POST"]),
    Route("/jobs/v1/runs", endpoint(purge), methods=["DELETE"]),
    Route(_RUN, endpoint(get), methods=["GET"]),
    Route(_RUN, endpoint(cancel), methods=["DELETE"]),
    Route(f"{_RUN}/logs", endpoint(logs), methods=["GET"]),
    Route(f"{_RUN}/artifacts/{{name}}", endpoint(artifact), methods=["GET"]),
]
