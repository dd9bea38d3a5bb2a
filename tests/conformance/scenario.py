"""Part 3 and 4: the official SDK and our client do the same against a sandbox, and both are recorded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx

from run402 import Client, LocalSigner, new_key
from run402.x402 import TESTNET
from tests.conformance import differences, gateway, table
from tests.conformance.gateway import Sandbox
from tests.conformance.kit import Kit
from tests.conformance.matching import mismatch
from tests.conformance.ours import Ours
from tests.conformance.plain import Plain, Plainer
from tests.conformance.proxy import Proxy, Recorded, recording
from tests.conformance.report import Report
from tests.conformance.specs import NAME
from tests.conformance.step import Memory, Step
from tests.conformance.steps import STEPS

SDK = "the SDK"
Drive = Callable[[str, dict[str, Any]], dict[str, Any]]


@dataclass
class Run:
    """One client's way through the scenario. `requests` holds what it sent in each step."""

    who: str
    report: Report
    sandbox: Sandbox
    proxy: Proxy
    drive: Drive
    address: str
    knows: Callable[[str], bool] = lambda action: True
    memory: Memory = field(default_factory=dict)
    requests: dict[str, list[Recorded]] = field(default_factory=dict)

    def plain(self) -> dict[str, list[Plain]]:
        """The requests of each step without what differs between any two runs."""
        plainer = Plainer(self.address, self.proxy.url)
        return {step: plainer.requests(step, sent) for step, sent in self.requests.items()}

    def walk(self) -> None:
        self.memory["app"] = f"http://{NAME}.localhost:{self.sandbox.http.base_url.port}"
        for step in STEPS:
            if self.knows(step.action):
                self.take(step)
            elif step.stand_in is not None:
                self.sandbox.http.request(**step.stand_in(self.memory)).raise_for_status()

    def take(self, step: Step) -> None:
        if step.order is not None:
            self.sandbox.post("/_sandbox/knobs", step.order)
        if step.credit:
            gift = {"address": self.address, "amount_usd_micros": step.credit}
            self.sandbox.post("/_sandbox/credit", gift)
        begin = len(self.proxy.recorded)
        try:
            answer = self.drive(step.action, step.args(self.memory))
        except KeyError as error:
            answer = {"error": {"code": f"an earlier step brought no {error}"}}
        self.requests[step.name] = self.proxy.recorded[begin:]
        self.judge(step, answer)

    def judge(self, step: Step, answer: dict[str, Any]) -> None:
        complaint = _complaint(step, answer)
        name = f"{self.who} {step.says}"
        explained = next((row for row in table.explained() if row.covers(step.name, complaint or "")), None)
        if complaint and explained and self.who == SDK:
            self.report.note(f"{name}: ends otherwise ({explained.answer}; contract: {explained.row})")
            return
        self.report.check(name, complaint is None, f"{complaint}{self._last(step)}" if complaint else "")
        if complaint is None:
            self._remember(step, answer.get("value"))
            self._compare_served(step)
            self._compare_balance(step)

    def _last(self, step: Step) -> str:
        sent = self.requests[step.name]
        return "".join(
            f"\n          {each.method} {each.target} {each.status} {each.answer[:300]!r}"
            for each in sent[-1:]
        )

    def _remember(self, step: Step, value: Any) -> None:
        for name, path in step.keep.items():
            found = value
            for key in path.split("."):
                found = found[int(key)] if key.isdigit() else found[key]
            self.memory[name] = found

    def _compare_served(self, step: Step) -> None:
        for path, expected in (step.serves or {}).items():
            answer = self.sandbox.app(NAME, path)
            seen = answer.text if answer.status_code == httpx.codes.OK else None
            gone = answer.status_code == httpx.codes.NOT_FOUND
            fine = gone if expected is None else seen == expected
            words = "404" if expected is None else "served byte for byte"
            name = f"after '{step.name}' of {self.who}, {path} is {words}"
            self.report.check(name, fine, "" if fine else f"{answer.status_code} {answer.text[:300]}")

    def _compare_balance(self, step: Step) -> None:
        if step.balance is not None:
            with Client(self.sandbox.url, rpc_urls=[self.sandbox.rpc_url]) as client:
                seen = client.balance.usdc(TESTNET, self.address)
            self.report.equal(
                f"after '{step.name}' of {self.who}, the wallet holds {step.balance}", seen, step.balance
            )


def _complaint(step: Step, answer: dict[str, Any]) -> str | None:
    error = answer.get("error")
    if step.error is None:
        return f"failed: {error}" if error else mismatch(step.expect, answer["value"])
    if not error:
        return f"succeeded: {str(answer['value'])[:300]}"
    return mismatch(step.error, error)


def conform(report: Report, kit: Kit) -> None:
    report.part("Scenario: the official SDK drives the sandbox")
    sdk = _with_sdk(report, kit).plain()
    report.part("Scenario: our client drives the sandbox")
    ours = _with_ours(report, kit).plain()
    report.part("Requests: ours against the SDK's")
    differences.compare(report, sdk, ours)


def _with_sdk(report: Report, kit: Kit) -> Run:
    key = new_key()
    with ExitStack() as running:
        sandbox = running.enter_context(gateway.started(kit))
        proxy = running.enter_context(recording(sandbox.url))
        environment = {
            "RUN402_API_BASE": proxy.url,
            "RUN402_CONFIG_DIR": running.enter_context(tempfile.TemporaryDirectory(prefix="conformance-")),
            "RPC_URL": sandbox.rpc_url,
            "PRIVATE_KEY": "0x" + key.hex(),
            "ADDRESS": LocalSigner(key).address,
        }
        sdk = running.enter_context(kit.talker(kit.script("sdk.mjs"), environment))
        run = Run(
            SDK,
            report,
            sandbox,
            proxy,
            lambda step, args: sdk.ask({"step": step, "args": args}),
            environment["ADDRESS"],
        )
        run.walk()
        return run


def _with_ours(report: Report, kit: Kit) -> Run:
    with ExitStack() as running:
        sandbox = running.enter_context(gateway.started(kit))
        proxy = running.enter_context(recording(sandbox.url))
        ours = Ours(proxy.url, LocalSigner(new_key()), sandbox.rpc_url)
        run = Run(
            "our client",
            report,
            sandbox,
            proxy,
            ours.do,
            ours.address,
            knows=lambda action: action in ours.steps(),
        )
        run.walk()
        return run
