"""Our client where the extra is installed: pays as told, one JSON line after the other."""

from __future__ import annotations

import json
import sys
from typing import Any

from run402 import errors, mpp


def pay(told: dict[str, Any]) -> dict[str, Any]:
    """What came of one call. `stored` is what `before_send` got, with the payee's balance at that moment."""
    stored: list[mpp.SignedCharge] = []
    balances: list[int] = []
    chain = mpp.Tempo(told["rpc"])

    def store(charge: mpp.SignedCharge) -> None:
        stored.append(charge)
        balances.append(chain.balance(charge.recipient))

    policy = mpp.CapPolicy(**told["policy"])
    held = mpp.SignedCharge.from_json(told["held"]) if told.get("held") else None
    key = bytes.fromhex(told["key"])
    with mpp.Payer(told["url"], key=key, policy=policy, before_send=store, chain=chain) as payer:
        found = _called(payer, told, held)
    if stored:
        found.update(stored=stored[0].to_json(), payee_before=balances[0], shown=repr(stored[0]))
    return found


def _called(payer: mpp.Payer, told: dict[str, Any], held: mpp.SignedCharge | None) -> dict[str, Any]:
    try:
        answered = payer.call("GET", told["path"], headers=told.get("headers"), held=held)
    except errors.PaymentRefused as error:
        return {"refused": error.details["reasons"]}
    except mpp.ChargeUnsettled as error:
        return {"status": error.status, "code": error.code, "outcome": error.settlement.outcome}
    settlement = answered.settlement
    receipt = dict(settlement.receipt) if settlement.receipt is not None else None
    return {"body": answered.body, "outcome": settlement.outcome, "receipt": receipt}


def main() -> None:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(pay(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
