"""The client alone: memory of planning a large site, signatures against libsecp256k1, deploys against the SDK."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.rows import Row, timing
from run402 import Client, LocalSigner, new_key, spec, x402
from run402.resources.projects import ProvisionedProject
from run402.x402.payment import TRANSFER_TYPES
from tools.layout import ROOT
from tools.node import find_node

MANY, MANY_BYTES = 10_000, 20_000
SITE, SITE_BYTES = 2_000, 8_192
MOST_MEGABYTES = 80.0
SIGNATURE_RATIO, FIRST_RATIO, UNCHANGED_RATIO = 1.5, 0.55, 0.4
SIGNATURES, ROUNDS = 300, 5
SDK_HOME = ROOT / "tests" / "conformance"
READY = "sandbox: "


def measure() -> list[Row]:
    """Return every row of this target."""
    with tempfile.TemporaryDirectory(prefix="bench-client-") as scratch, sandbox(Path(scratch)) as url:
        return [memory(Path(scratch), url), *signatures(), *deploys(Path(scratch), url)]


def memory(scratch: Path, url: str) -> Row:
    """Peak of a process that hashes and plans the site, above what it held when idle."""
    folder = scratch / "many"
    fill(folder, MANY, MANY_BYTES)
    command = [sys.executable, "-m", "benchmarks.planning", url, str(folder)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    megabytes = round(float(done.stdout), 1)
    name = "planning 10,000 files, 200 MB: memory"
    return Row("client", name, megabytes, "MB", None, None, MOST_MEGABYTES, megabytes <= MOST_MEGABYTES)


def signatures() -> list[Row]:
    """Both kinds of signature against the same hashing and signing, bare."""
    import coincurve
    from eth_hash.auto import keccak

    key = new_key()
    signer, bare = LocalSigner(key), coincurve.PrivateKey(key)
    text = "sign in " * 40
    content = text.encode()
    head = b"\x19Ethereum Signed Message:\n%d" % len(content)
    payment = {
        "from": signer.address, "to": signer.address, "value": 1, "validAfter": 0, "validBefore": 2, "nonce": bytes(32),
    }  # fmt: skip
    domain, words, last = x402.USDC[x402.TESTNET].domain, bytes(32 * 7), bytes(66)

    def bare_payment() -> object:
        keccak(words)
        return bare.sign_recoverable(keccak(last), hasher=None)

    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "signature of a sign-in": (
            lambda: signer.sign_message(text),
            lambda: bare.sign_recoverable(keccak(head + content), hasher=None),
        ),
        "signature of a payment": (
            lambda: signer.sign_typed_data(domain, TRANSFER_TYPES, payment),
            bare_payment,
        ),
    }
    rows = []
    for name, (ours, theirs) in pairs.items():
        seconds, baseline = in_turns(ours, theirs)
        rows.append(timing("client", name, seconds, baseline, SIGNATURE_RATIO))
    return rows


def in_turns(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[list[float], list[float]]:
    """The seconds of each call; both take turns, so that what disturbs one disturbs the other."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(SIGNATURES + 20):
        for seconds, call in zip(times, (ours, theirs), strict=True):
            began = time.perf_counter()
            call()
            if number >= 20:
                seconds.append(time.perf_counter() - began)
    return times


def deploys(scratch: Path, url: str) -> Iterator[Row]:
    """A first and some unchanged deploys of one folder, by the SDK and by us, each to a project of its own.

    Each in its own default way: the SDK commits a plan that changes nothing and waits for it, ours ends with the plan.
    """
    folder = scratch / "site"
    fill(folder, SITE, SITE_BYTES)
    theirs = by_the_sdk(scratch, url, folder)
    ours = by_us(url, folder)
    name = "2,000 files of 8 KB"
    yield timing("client", f"{name}: first deploy", [ours["first"]], [theirs["first"]], FIRST_RATIO)
    yield timing("client", f"{name}: unchanged", ours["unchanged"], theirs["unchanged"], UNCHANGED_RATIO)


def by_us(url: str, folder: Path) -> dict[str, Any]:
    with Client(url, signer=rich(url)) as client:
        project = client.projects.provision(name="Benchmark of the client", tier="prototype")
        first = deploy(client, project, folder)
        return {"first": first, "unchanged": [deploy(client, project, folder) for _ in range(ROUNDS)]}


def deploy(client: Client, project: ProvisionedProject, folder: Path) -> float:
    began = time.perf_counter()
    files = spec.folder(folder)
    replace = {name: {"path": name} for name in files}
    parsed = spec.parse({"project_id": project.project_id, "site": {"replace": replace}}, files=files)
    client.apply.release(parsed.spec, anon_key=project.anon_key)
    return time.perf_counter() - began


def by_the_sdk(scratch: Path, url: str, folder: Path) -> dict[str, Any]:
    node, key = find_node(), new_key()
    signer = rich(url, key)
    if not (SDK_HOME / "node_modules").exists():
        subprocess.run([*node.npm, "ci", "--silent"], cwd=SDK_HOME, env=node.environment, check=True)
    settings = scratch / "sdk"
    settings.mkdir()
    environment = {
        **node.environment,
        "PRIVATE_KEY": "0x" + key.hex(),
        "ADDRESS": signer.address,
        "RUN402_CONFIG_DIR": str(settings),
        "RUN402_API_BASE": url,
        "SDK_HOME": str(SDK_HOME),
        "SITE": str(folder),
        "ROUNDS": str(ROUNDS),
    }
    command = [node.program, str(Path(__file__).parent / "sdk.mjs")]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def rich(url: str, key: bytes | None = None) -> LocalSigner:
    """A wallet of the sandbox with a tier."""
    signer = LocalSigner(key or new_key())
    with Client(url, signer=signer) as client:
        client.faucet.draw(signer.address)
        purchase = x402.Purchase(x402.CapPolicy(100_000), lambda payment: None)
        client.tiers.set("prototype", purchase=purchase)
    return signer


def fill(folder: Path, files: int, size: int) -> None:
    """A site of so many files of so many bytes, the same in every run."""
    source = random.Random(402)  # noqa: S311 - the same bytes in every run
    for number in range(files):
        path = folder / f"part{number % 40}" / f"page{number}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.randbytes(size))


@contextmanager
def sandbox(scratch: Path) -> Iterator[str]:
    """The address of a sandbox that runs for as long as the block does."""
    data = scratch / "sandbox"
    data.mkdir()
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--host", "127.0.0.1", "--data", str(data)]
    environment = {**os.environ, "SANDBOX_PHASE_MS": "0"}
    with (data / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        yield next(
            line.removeprefix(READY).strip() for line in process.stdout or () if line.startswith(READY)
        )
    finally:
        process.terminate()
        process.communicate(timeout=10)


if __name__ == "__main__":
    for row in measure():
        print(json.dumps(asdict(row)))
