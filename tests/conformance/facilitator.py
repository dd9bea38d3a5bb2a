"""PyPI's x402 facilitator over a chain, a JSON line for each verdict. Runs in .cache/conformance, not in .venv."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from x402 import x402FacilitatorSync  # type: ignore[import-not-found] # of the other virtualenv
from x402.mechanisms.evm import FacilitatorWeb3Signer  # type: ignore[import-not-found] # same
from x402.mechanisms.evm.exact import register_exact_evm_facilitator  # type: ignore[import-not-found] # same
from x402.schemas import PaymentPayload, PaymentRequirements  # type: ignore[import-not-found] # same

NETWORK = "eip155:84532"


def made() -> Any:
    signer = FacilitatorWeb3Signer(private_key=os.environ["FACILITATOR_KEY"], rpc_url=os.environ["RPC_URL"])
    facilitator = x402FacilitatorSync()
    register_exact_evm_facilitator(facilitator, signer, networks=NETWORK)
    return facilitator


def verdict(facilitator: Any, question: dict[str, Any]) -> dict[str, Any]:
    payload = PaymentPayload.model_validate(question["payload"])
    requirements = PaymentRequirements.model_validate(question["requirements"])
    if question["act"] == "verify":
        result = facilitator.verify(payload, requirements)
        return {"yes": result.is_valid, "reason": result.invalid_reason}
    result = facilitator.settle(payload, requirements)
    return {"yes": result.success, "reason": result.error_reason, "transaction": result.transaction}


def main() -> None:
    facilitator = made()
    for line in sys.stdin:
        try:
            answer = verdict(facilitator, json.loads(line))
        except (ValueError, RuntimeError, LookupError) as error:
            answer = {"yes": False, "reason": f"{type(error).__name__}: {error}"[:300]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
