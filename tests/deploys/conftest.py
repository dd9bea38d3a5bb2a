"""A project that the real sandbox knows, archives made on the spot, and readers of what is served."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from deploys.models import Deploy
from operations.models import Operation, State
from projects.models import Project
from run402 import x402
from run402.signers import address_of, new_key
from teams.models import Team, User
from tests.factories import ProjectFactory, WalletFactory
from tests.fixtures import ClientAs, RunOperations
from tests.sandboxes import Sandbox
from wallets import signer, vault
from wallets.models import Wallet
from wallets.models.gateway import BASE_SEPOLIA

SITE: dict[str, str | bytes] = {"index.html": "<h1>One</h1>", "app.css": "h1 { color: teal }"}

Get = Callable[[str, str], httpx.Response]
Knob = Callable[..., None]


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive of the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def upload(client: Client, project: Project, files: Mapping[str, str | bytes], **fields: str) -> Deploy:
    """Send a zip through the form and return the deploy it began."""
    file = SimpleUploadedFile("site.zip", zipped(files), "application/zip")
    answer = client.post("/deploys/new", {"project": str(project.pk), "archive": file, **fields})
    assert answer.status_code == 302, answer.content.decode()
    return Deploy.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])


def confirm(client: Client, deploy: Deploy, *codes: str) -> None:
    """Confirm the plan that the page shows."""
    deploy.refresh_from_db()
    fields = {"digest": deploy.reviewed_plan["digest"], "ack": list(codes)}
    assert client.post(f"/deploys/{deploy.pk}/confirm", fields).status_code == 302


def operation_of(deploy: Deploy) -> Operation:
    """Return the deploy's operation as it stands now."""
    deploy.refresh_from_db()
    assert deploy.operation is not None
    deploy.operation.refresh_from_db()
    return deploy.operation


def paths_called(operation: Operation, method: str = "POST") -> list[str]:
    """Return the paths of the requests that were made for an operation, ids replaced."""
    rows = operation.requests.filter(method=method).values_list("path", flat=True)
    return [
        re.sub(r"/(plan|op|rel|cplan)_[a-z0-9]+", r"/\1", path)
        for path in rows
        if not path.startswith("http")
    ]


@pytest.fixture
def wallet(sandbox: Sandbox, keysets: None, team: Team, alice: User) -> Wallet:
    """A wallet with a key of its own, paid up to the prototype tier."""
    key = new_key()
    made: Wallet = WalletFactory.create(
        team=team, gateway=sandbox.gateway, owner=alice, address=address_of(key)
    )
    made.key_sealed = vault.seal(key, signer.key_context(made))
    made.save(update_fields=["key_sealed"])
    with signer.client(made.gateway, made) as client:
        client.faucet.draw(made.address)
        cap = x402.CapPolicy(max_micros=250_000, networks=(BASE_SEPOLIA,))
        client.tiers.set(
            "prototype",
            purchase=x402.Purchase(policy=cap, before_send=lambda signed: None),
            idempotency_key=str(made.pk),
        )
    return made


@pytest.fixture
def project(wallet: Wallet, alice: User) -> Project:
    """A project that exists at the sandbox."""
    with signer.client(wallet.gateway, wallet) as client:
        made = client.projects.provision(name="tidepool")
    found: Project = ProjectFactory.create(
        team=wallet.team,
        wallet=wallet,
        created_by=alice,
        name="tidepool",
        remote_id=made.project_id,
        anon_key=made.anon_key,
    )
    return found


@pytest.fixture
def address() -> str:
    """A name nobody has: the sandbox outlives the test."""
    return f"app-{new_key().hex()[:10]}"


@pytest.fixture
def as_bob(client_as: ClientAs, bob: User) -> Client:
    return client_as(bob)


@pytest.fixture
def reviewed(as_bob: Client, project: Project, address: str, run_operations: RunOperations) -> Deploy:
    """A first deploy whose plan waits."""
    deploy = upload(as_bob, project, SITE, subdomain=address)
    run_operations()
    assert operation_of(deploy).state == State.WAITING
    return deploy


@pytest.fixture
def live(as_bob: Client, reviewed: Deploy, run_operations: RunOperations) -> Deploy:
    """A first deploy that is live."""
    confirm(as_bob, reviewed)
    run_operations()
    assert operation_of(reviewed).state == State.SUCCEEDED
    return reviewed


@pytest.fixture
def served(sandbox: Sandbox) -> Get:
    """Ask what an app answers at a path, as a browser would resolve its name."""

    def get(name: str, path: str) -> httpx.Response:
        port = urlsplit(sandbox.url).port
        return httpx.get(
            f"http://127.0.0.1:{port}/{path}", headers={"Host": f"{name}.localhost:{port}"}, timeout=60
        )

    return get


@pytest.fixture
def knob(sandbox: Sandbox) -> Iterator[Knob]:
    """Order a failure at the sandbox; what was not used up is cleared afterwards."""
    port = urlsplit(sandbox.url).port
    address = f"http://127.0.0.1:{port}/_sandbox/knobs"
    host = {"Host": f"sandbox.localhost:{port}"}

    def turn(do: str, **fields: object) -> None:
        httpx.post(address, json={"do": do, **fields}, headers=host).raise_for_status()

    yield turn
    httpx.delete(address, headers=host).raise_for_status()
