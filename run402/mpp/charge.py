"""What a server asks for (``WWW-Authenticate: Payment``) and what was signed to pay it (contract: identity 3.8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from run402 import jsontext
from run402.x402.challenge import MAX_CHALLENGE_CHARACTERS, decode_base64

AUTHORIZATION = "Authorization"
# A parameter, or the name of the next scheme in a header that lists several.
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - the grammar of a header, not a secret
_PART = re.compile(
    rf'\s*,?\s*(?:({_TOKEN})\s*=\s*("(?:[^"\\]|\\.)*"|{_TOKEN}={{0,2}})|({_TOKEN})(?=[\s,]|$))'
)
_AMOUNT = re.compile(r"[0-9]{1,39}")


@dataclass(frozen=True)
class Charge:
    """One challenge: what it says, not yet believed. ``text`` is the challenge alone, as the server wrote it.

    >>> Charge("Payment …", {"id": "1", "method": "tempo"}, {"amount": "100000"}).amount_micros
    100000
    """

    text: str = field(repr=False)
    parameters: Mapping[str, str]
    request: Mapping[str, Any]

    @property
    def amount_micros(self) -> int | None:
        """None when the amount is not a text of digits."""
        amount = self.request.get("amount")
        return int(amount) if isinstance(amount, str) and _AMOUNT.fullmatch(amount) else None

    @property
    def details(self) -> Mapping[str, Any]:
        value = self.request.get("methodDetails")
        return value if isinstance(value, Mapping) else {}

    @property
    def header(self) -> str:
        """The request header that the credential goes into."""
        return self.parameters.get("header") or AUTHORIZATION


@dataclass(frozen=True)
class SignedCharge:
    """A transfer that was signed. Whoever holds ``credential`` can have it made until ``valid_before``.

    ``amount_micros`` leaves the wallet for ``recipient``; the network takes at most ``max_fee_micros`` on top, in the
    same token. ``valid_before`` is unix time.

    >>> SignedCharge("Payment …", "Authorization", "0x1", 1, 100000, 11000, 42431, "0xC", "0xB", "0xA", "id")
    SignedCharge(header='Authorization', transaction_hash='0x1', valid_before=1, amount_micros=100000, \
max_fee_micros=11000, chain_id=42431, currency='0xC', recipient='0xB', payer='0xA', challenge_id='id')
    """

    credential: str = field(repr=False)
    header: str
    transaction_hash: str
    valid_before: int
    amount_micros: int
    max_fee_micros: int
    chain_id: int
    currency: str
    recipient: str
    payer: str
    challenge_id: str

    @property
    def nonce(self) -> str:
        """What the chain knows this payment by: the hash of its transaction."""
        return self.transaction_hash

    @property
    def network(self) -> str:
        """The chain, as CAIP-2 names it."""
        return f"eip155:{self.chain_id}"

    @property
    def asset(self) -> str:
        return self.currency

    @property
    def payee(self) -> str:
        return self.recipient

    def to_json(self) -> str:
        """Everything, the credential included: to be sealed before it is stored."""
        return jsontext.dumps(asdict(self)).decode("utf-8")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The charge that ``to_json`` wrote. Raises ValueError for anything else."""
        doc = jsontext.loads(text.encode("utf-8"))
        if not isinstance(doc, dict) or set(doc) != {each.name for each in fields(cls)}:
            raise ValueError("This is not a stored payment.")
        return cls(**doc)


def parse_charges(values: Iterable[str]) -> tuple[Charge, ...]:
    """The readable Payment challenges in the values of ``WWW-Authenticate``; others are left out.

    >>> parse_charges(['Basic realm="x"'])
    ()
    """
    found: list[Charge] = []
    for value in values:
        if len(value) <= MAX_CHALLENGE_CHARACTERS:
            found.extend(charge for part in _challenges(value) if (charge := _charge(part)) is not None)
    return tuple(found)


def _challenges(value: str) -> Iterator[str]:
    """The Payment challenges of one header value, each as it was written."""
    position, start = 0, None
    while match := _PART.match(value, position):
        if match[3]:
            if start is not None:
                yield value[start : match.start()]
            start = match.start(3) if match[3].lower() == "payment" else None
        position = match.end()
    if start is not None and not value[position:].strip(" ,"):
        yield value[start:position]


def _charge(text: str) -> Charge | None:
    parameters: dict[str, str] = {}
    for match in _PART.finditer(text, len("payment")):
        name = (match[1] or "").lower()
        if not name or name in parameters:  # said twice: readers may differ in which one counts
            return None
        parameters[name] = _unquoted(match[2])
    request = _document(parameters.get("request", ""))
    return Charge(text, parameters, request) if request is not None else None


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _document(encoded: str) -> dict[str, Any] | None:
    decoded = decode_base64(encoded)
    try:
        doc = jsontext.loads(decoded) if decoded is not None else None
    except ValueError:
        return None
    return doc if isinstance(doc, dict) else None
