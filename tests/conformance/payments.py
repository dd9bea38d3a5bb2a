"""Part 2: what our client signs, judged by the sandbox and two published facilitators, and settled on a chain."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from run402 import Client, LocalSigner, errors, new_key, siwx, x402
from run402.x402 import TESTNET
from tests.conformance import gateway
from tests.conformance.chain import LIVE_DOMAIN_SEPARATOR, SETTLER_KEYS, Chain
from tests.conformance.gateway import Sandbox
from tests.conformance.headers import Case, Mint
from tests.conformance.kit import Kit, Talker
from tests.conformance.report import Report
from tools.layout import ROOT

PATH = "/tiers/v1/prototype"
PRICE = 100_000
START = 5_000_000
PANEL_SECONDS = 180
PYPI, NPM, SANDBOX = "PyPI x402", "npm @x402", "sandbox"


@dataclass(frozen=True)
class Verdict:
    yes: bool
    reason: str | None

    def __str__(self) -> str:
        return "yes" if self.yes else f"no, {self.reason}"


@dataclass(frozen=True)
class Judges:
    """The three that judge a header. `of_chain` are the facilitators that settle on a chain."""

    sandbox: Sandbox
    signer: LocalSigner
    of_chain: dict[str, Talker]
    requirement: dict[str, Any]

    def ask(self, judge: str, act: str, case: Case) -> dict[str, Any]:
        question = {"act": act, "payload": case.payload, "requirements": self.requirement}
        answer: dict[str, Any] = self.of_chain[judge].ask(question)
        return answer

    def verdicts(self, case: Case) -> dict[str, Verdict]:
        """The sandbox settles what it accepts, so it is asked last."""
        found = {}
        for judge in self.of_chain:
            answer = self.ask(judge, "verify", case)
            found[judge] = Verdict(answer["yes"], answer["reason"])
        return {**found, SANDBOX: self.present(case)}

    def present(self, case: Case) -> Verdict:
        """Present the header to the sandbox as a paid request."""
        answer = present(self.sandbox, self.signer, {"PAYMENT-SIGNATURE": case.header})
        receipt = x402.parse_receipt(answer.headers) or {}
        if answer.status_code == httpx.codes.OK:
            return Verdict(receipt.get("success") is True, "no receipt")
        body = answer.json()
        return Verdict(False, (body.get("details") or {}).get("reason") or body.get("code"))


def present(sandbox: Sandbox, signer: LocalSigner, headers: dict[str, str]) -> httpx.Response:
    proof = siwx.header(signer, sandbox.url + PATH, issued_at=datetime.now(UTC) - siwx.BACKDATE)
    return sandbox.http.post(PATH, json={}, headers={siwx.HEADER: proof, **headers})


def conform(report: Report, kit: Kit) -> None:
    report.part("Payments: the sandbox, PyPI x402 and npm @x402 judge the same headers")
    signer, beggar = LocalSigner(new_key()), LocalSigner(new_key())
    with ExitStack() as running:
        sandbox = running.enter_context(gateway.started(kit))
        chain = running.enter_context(Chain(kit))
        chain.mint(signer.address, START)
        sandbox.fund(signer.address, START)
        challenge = _challenge(sandbox, signer)
        mint = Mint(challenge, signer, beggar)
        judges = Judges(sandbox, signer, _facilitators(kit, chain, running), mint.requirement())
        client = running.enter_context(Client(sandbox.url, signer=signer, rpc_urls=[chain.url]))
        ledger = running.enter_context(Client(sandbox.url, signer=signer, rpc_urls=[sandbox.rpc_url]))
        _chain(report, chain, client, signer)
        _judge(report, judges, mint)
        settled = [_settle(report, judges, mint, client, judge) for judge in judges.of_chain]
        settled.append(_settle_in_sandbox(report, judges, mint, ledger))
        _replay(report, judges, settled)
        _never_settles(report, chain, judges, mint, client)
        # Time on a chain never goes back, so this has one of its own.
        _paid_by_the_panel(report, sandbox, running.enter_context(Chain(kit)))


def _challenge(sandbox: Sandbox, signer: LocalSigner) -> x402.Challenge:
    asked = present(sandbox, signer, {})
    challenge = x402.parse_challenge(asked.headers, asked.content)
    if challenge is None:
        raise RuntimeError(f"the sandbox asked for no payment: {asked.status_code} {asked.text[:500]}")
    return challenge


def _facilitators(kit: Kit, chain: Chain, running: ExitStack) -> dict[str, Talker]:
    python = [str(kit.python), "-P", str(kit.home / "facilitator.py")]
    commands = {PYPI: python, NPM: kit.script("facilitator.mjs")}
    found = {}
    for (name, command), key in zip(commands.items(), SETTLER_KEYS, strict=True):
        environment = {"RPC_URL": chain.url, "FACILITATOR_KEY": key}
        found[name] = running.enter_context(kit.talker(command, environment))
    return found


def _chain(report: Report, chain: Chain, client: Client, signer: LocalSigner) -> None:
    report.equal(
        "the token signs under the domain of the live USDC", chain.domain_separator(), LIVE_DOMAIN_SEPARATOR
    )
    report.equal(
        "our client reads the balance of the chain", client.balance.usdc(TESTNET, signer.address), START
    )


def _judge(report: Report, judges: Judges, mint: Mint) -> None:
    for case in [*mint.bad(), mint.good("good")]:
        found = judges.verdicts(case)
        agree = all(verdict.yes == case.good for verdict in found.values())
        words = "; ".join(f"{judge}: {verdict}" for judge, verdict in found.items())
        report.check(f"all three {'accept' if case.good else 'refuse'}: {case.name}", agree, words)


def _settle(report: Report, judges: Judges, mint: Mint, client: Client, judge: str) -> Case:
    """Settle a good header on the chain, and read what changed with our client."""
    case, payee = mint.good(f"settled by {judge}"), str(judges.requirement["payTo"])
    before = _state(client, case, payee)
    answer = judges.ask(judge, "settle", case)
    after = _state(client, case, payee)
    report.check(
        f"{judge} settles on the chain", answer["yes"], answer["reason"] or answer.get("transaction")
    )
    report.equal(f"{judge}: the payer has {PRICE} micros less", after[0], before[0] - PRICE)
    report.equal(f"{judge}: the payee has {PRICE} micros more", after[1], before[1] + PRICE)
    report.equal(f"{judge}: our client reads authorizationState before", before[2], False)
    report.equal(f"{judge}: our client reads authorizationState after", after[2], True)
    return case


def _settle_in_sandbox(report: Report, judges: Judges, mint: Mint, ledger: Client) -> Case:
    case, payee = mint.good("settled by the sandbox"), str(judges.requirement["payTo"])
    before = _state(ledger, case, payee)
    answer = present(judges.sandbox, judges.signer, {"PAYMENT-SIGNATURE": case.header})
    receipt = x402.parse_receipt(answer.headers) or {}
    after = _state(ledger, case, payee)
    report.equal("sandbox: settles with a receipt", (answer.status_code, receipt.get("success")), (200, True))
    report.equal(
        "sandbox: balances move as on the chain", (before[0] - after[0], after[1] - before[1]), (PRICE,) * 2
    )
    report.equal("sandbox: authorizationState before and after", (before[2], after[2]), (False, True))
    return case


def _state(client: Client, case: Case, payee: str) -> tuple[int, int, bool]:
    """The payer's and the payee's balance, and whether the authorization was used."""
    balance = client.balance
    used = balance.authorization_used(TESTNET, case.payer, case.nonce)
    return balance.usdc(TESTNET, case.payer), balance.usdc(TESTNET, payee), used


def _replay(report: Report, judges: Judges, settled: list[Case]) -> None:
    """A header that was settled is worth nothing any more, to whoever settled it and as often as it is shown."""
    *of_chain, of_sandbox = settled
    for judge, case in zip(judges.of_chain, of_chain, strict=True):
        for other in judges.of_chain:
            answer = judges.ask(other, "verify", case)
            name = f"{other} refuses the header that {judge} settled"
            report.check(
                name, not answer["yes"] and "nonce_already_used" in str(answer["reason"]), answer["reason"]
            )
        again = judges.ask(judge, "settle", case)
        report.check(f"{judge} does not settle it again", not again["yes"], again["reason"])
    verdict = judges.present(of_sandbox)
    used = verdict.reason is not None and "nonce_already_used" in verdict.reason
    report.check("sandbox refuses the header that it settled", not verdict.yes and used, verdict)


def _never_settles(report: Report, chain: Chain, judges: Judges, mint: Mint, client: Client) -> None:
    """The ground on which a reserved amount is released: past its end, an unused authorization is dead."""
    case = mint.good("kept back")

    def dead() -> bool:
        used = client.balance.authorization_used(TESTNET, case.payer, case.nonce, after=case.valid_before)
        return not used

    report.check("before its end, our client does not call an unused payment dead", _unknown(dead))
    chain.move_time(400)
    report.check("after its end, our client calls it dead", dead())
    before = client.balance.usdc(TESTNET, case.payer)
    for judge in judges.of_chain:
        answer = judges.ask(judge, "settle", case)
        report.check(f"after its end, {judge} cannot settle it", not answer["yes"], answer["reason"])
    report.equal(
        "after its end, the payer still has everything", client.balance.usdc(TESTNET, case.payer), before
    )


def _paid_by_the_panel(report: Report, sandbox: Sandbox, chain: Chain) -> None:
    """Its own gate and handlers, on this chain: a lost answer is found settled, what was never sent is released."""
    settings = {"X402_SHOP_URL": sandbox.url, "X402_RPC_URL": chain.url, "NO_PROXY": "127.0.0.1,localhost"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0"]
    done = subprocess.run(
        [*command, "tests/conformance/x402_panel.py"],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=PANEL_SECONDS,
        check=False,
    )
    report.check(
        "the panel finds on the chain what became of a lost answer", done.returncode == 0, done.stdout[-3000:]
    )


def _unknown(ask: Callable[[], bool]) -> bool:
    try:
        ask()
    except errors.BalanceUnknown:
        return True
    return False
