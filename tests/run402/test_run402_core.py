"""The same release on a self-hosted Core: other words, no credential, over at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from run402 import Client, LocalSigner, errors
from run402.spec import BytesSource, Function, PathSource, parse, reference
from tests.run402.cores import PROJECT, Core, running
from tests.run402.gateways import ALICE_KEY

BIG = bytes(range(256)) * 3000  # several chunks, and not a multiple of three
DOC = {
    "project_id": PROJECT,
    "database": {"migrations": [{"id": "1", "sql": "CREATE TABLE t (id int);"}]},
    "functions": {"replace": {"api": {"source": "export default 1"}}},
    "site": {"replace": {"index.html": "<h1>hello</h1>", "big.bin": {"path": "big.bin"}}},
}


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def client(core: Core) -> Iterator[Client]:
    with running(core) as url, Client(url, signer=LocalSigner(ALICE_KEY), dialect="core") as client:
        yield client


def test_release_is_staged_planned_and_committed_without_any_credential(
    core: Core, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "big.bin").write_bytes(BIG)
    spec = parse(DOC, files={"big.bin": PathSource(str(tmp_path / "big.bin"))}).spec
    client.projects.provision(name="Guestbook", tier="prototype")
    events: list[str] = []
    release = client.apply.release(spec, on_event=lambda event: events.append(str(event["type"])))
    assert release.release_id == f"rel_{core.plans['plan_1']['digest'][:24]}"
    assert (release.operation_id, release.urls) == ("core:plan_1", {"site": "http://site.example"})
    assert core.staged[hashlib.sha256(BIG).hexdigest()] == BIG
    assert len(core.staged) == 3
    secret = {"authorization", "apikey", "sign-in-with-x", "payment-signature"}
    assert [path for _, path, headers in core.requests if secret & set(headers)] == []
    assert events[0] == "plan.started"
    assert events[-1] == "ready"


def test_live_functions_are_restated_with_their_bytes(core: Core, client: Client) -> None:
    client.apply.release(parse({**DOC, "site": {"replace": {"a.html": "x"}}}).spec)
    api = Function(source=reference(BytesSource(b"export default 1")))
    routes = parse({"project_id": PROJECT, "routes": {"replace": []}}).spec
    with pytest.raises(errors.ApiError) as caught:
        client.apply.release(routes)
    assert (caught.value.code, caught.value.status) == ("INVALID_FUNCTION_BUNDLE", 422)
    client.apply.release(routes, live_functions={"api": api})
    assert list(core.live["functions"]) == ["api"]


def test_what_core_cannot_do_is_refused_here(core: Core, client: Client) -> None:
    spec = parse({"project_id": PROJECT, "subdomains": {"set": ["guestbook"]}}).spec
    with pytest.raises(errors.SpecInvalid) as caught:
        client.apply.release(spec)
    assert (caught.value.code, core.requests) == ("UNSUPPORTED_CAPABILITY", [])


def test_cores_own_envelope_gives_code_and_capability(client: Client) -> None:
    with pytest.raises(errors.ApiError) as caught:
        client.apply.plan({"project": PROJECT, "subdomains": {"set": ["x"]}})
    error = caught.value
    assert (error.code, error.message) == ("UNSUPPORTED_CAPABILITY", "No.")
    assert error.details == {"capability": "subdomains.managed"}


def test_deferred_commit_is_no_success(core: Core, client: Client) -> None:
    core.deferred = True
    with pytest.raises(errors.ReleaseFailed) as caught:
        client.apply.release(parse({"project_id": PROJECT, "routes": {"replace": []}}).spec)
    assert (caught.value.code, caught.value.message) == ("CORE_DEFERRED", "Later.")


def test_core_makes_no_dry_runs(client: Client) -> None:
    spec = parse({"project_id": PROJECT, "routes": {"replace": []}}).spec
    with pytest.raises(errors.Run402Error, match="no dry runs"):
        client.apply.dialect(None).plan(spec, dry_run=True, idempotency_key=None, required_plan=None)


def test_probe_recognises_a_core(client: Client) -> None:
    found = client.capabilities()
    assert (found.kind, found.raw, found.has("tiers"), found.has("releases")) == (
        "core",
        {"core": "1.0"},
        False,
        False,
    )
