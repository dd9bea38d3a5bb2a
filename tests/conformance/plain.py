"""Requests without what differs between any two runs: ids, keys, wallets, nonces, times and signatures."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.conformance.proxy import Recorded

# What a connection is about and not the call; everything else is compared.
TRANSPORT = {
    "host",
    "connection",
    "user-agent",
    "accept",
    "accept-encoding",
    "accept-language",
    "sec-fetch-mode",
} | {
    "content-length",
    "transfer-encoding",
}
MANIFEST = "application/vnd.run402.deploy-manifest+json"
CHECKSUM = "x-amz-checksum-sha256"
_ID = re.compile(r"\b(prj|rel|op|cplan|plan|dpl|job)_[A-Za-z0-9]+(?:_[a-z0-9]+)?")
_ORGANIZATION = re.compile(r"(?<=/orgs/v1/)[0-9a-f-]{36}\b")
_KEY = re.compile(r"\b(anon|service)_[A-Za-z0-9_-]{20,}")
_JOB_KEY = re.compile(r"\bjob-[0-9a-f-]{36}\b")
_SIGNED = re.compile(r"expires=\d+&signature=[0-9a-f]+")


@dataclass(frozen=True)
class Plain:
    """One request. `headers` and `body` are ready to be compared."""

    method: str
    target: str
    headers: dict[str, Any]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


class Plainer:
    """Gives ids names by the step in which they first appear, and by their order in it: two runs name them alike."""

    def __init__(self, wallet: str, gateway: str) -> None:
        self._wallet, self._gateway = wallet, gateway
        self._step = ""
        self._firsts: dict[str, tuple[str, str]] = {}
        self._manifests: dict[str, Any] = {}

    def requests(self, step: str, recorded: Sequence[Recorded]) -> list[Plain]:
        """The requests of one step, in their order."""
        self._step = step
        for digest in (digest for each in recorded for digest in _uploaded_manifests(each)):
            parts = [each.body for each in recorded if each.method == "PUT" and digest in each.target]
            self._name("manifest", digest)
            self._manifests[digest] = json.loads(self.text(b"".join(parts).decode()))
        return [self.request(each) for each in recorded]

    def request(self, recorded: Recorded) -> Plain:
        kept = {name: value for name, value in recorded.headers.items() if name not in TRANSPORT}
        if self._manifest(recorded) is not None:
            kept[CHECKSUM] = "of a part with ids"
        return Plain(
            recorded.method,
            self.text(recorded.target),
            {name: self._header(name, value) for name, value in kept.items()},
            self._body(recorded),
        )

    def text(self, text: str) -> str:
        text = text.replace(self._gateway, "{gateway}").replace(self._wallet, "{wallet}")
        text = text.replace(self._wallet.lower(), "{wallet in lower case}")
        text = _JOB_KEY.sub("{job key}", text)
        text = _SIGNED.sub("{signed}", _KEY.sub(r"{\1 key}", text))
        text = _ID.sub(lambda found: self._name(found[1], found[0]), text)
        text = _ORGANIZATION.sub(lambda found: self._name("org", found[0]), text)
        for digest in self._manifests:
            text = text.replace(digest, self._name("manifest", digest))
        return text

    def _name(self, kind: str, identifier: str) -> str:
        """`{op}` or `{op 2}` in the step where it came up, `{op of that step}` in later ones."""
        if identifier not in self._firsts:
            before = sum(
                each[0] == self._step and each[1].split()[0] == kind for each in self._firsts.values()
            )
            self._firsts[identifier] = (self._step, f"{kind} {before + 1}" if before else kind)
        step, name = self._firsts[identifier]
        return f"{{{name}}}" if step == self._step else f"{{{name} of {step}}}"

    def _header(self, name: str, value: str) -> Any:
        read: dict[str, Callable[[Any], Any]] = {"sign-in-with-x": _proof, "payment-signature": _payment}
        return read[name](_decoded(self, value)) if name in read else self.text(value)

    def _body(self, recorded: Recorded) -> Any:
        if not recorded.body:
            return None
        manifest = self._manifest(recorded)
        if manifest is not None:
            return manifest if "/1?" in recorded.target else "a further part"
        try:
            text = recorded.body.decode()
        except UnicodeDecodeError:
            return {"sha256": hashlib.sha256(recorded.body).hexdigest()}
        if recorded.method == "PUT":  # content: its bytes are the point
            return text
        try:
            return json.loads(self.text(text))
        except ValueError:
            return self.text(text)

    def _manifest(self, recorded: Recorded) -> Any:
        """The whole spec of which this request uploads a part: its digest changes with the ids in it."""
        if recorded.method != "PUT":
            return None
        return next((whole for digest, whole in self._manifests.items() if digest in recorded.target), None)


def _uploaded_manifests(recorded: Recorded) -> list[str]:
    if (recorded.method, recorded.target) != ("POST", "/content/v1/plans"):
        return []
    return [
        each["sha256"]
        for each in json.loads(recorded.body)["content"]
        if each.get("content_type") == MANIFEST
    ]


def _decoded(plainer: Plainer, value: str) -> Any:
    try:
        return json.loads(plainer.text(base64.b64decode(value, validate=True).decode()))
    except (binascii.Error, ValueError):
        return {"unreadable": value}


def _proof(fields: Any) -> Any:
    """Order counts here: the header's bytes are what the published client sends."""
    lifetime = _moment(fields["expirationTime"]) - _moment(fields["issuedAt"])
    return [
        *_shapes(
            {**fields, "expirationTime": f"{lifetime:.0f} s later"}, ("nonce", "signature", "issuedAt")
        ).items()
    ]


def _payment(payload: Any) -> Any:
    authorization = _shapes(payload["payload"]["authorization"], ("nonce", "validBefore"))
    paid = {"authorization": authorization, "signature": _shape(payload["payload"]["signature"])}
    challenge = payload.get("extensions", {}).get("sign-in-with-x", {})
    challenge.update(info=_shapes(challenge.get("info", {}), ("nonce", "issuedAt")))
    return {**payload, "payload": paid}


def _shapes(fields: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _shape(value) if name in names else value for name, value in fields.items()}


def _shape(value: str) -> str:
    """The kind of each character: two nonces, times or signatures of one shape are alike."""
    return re.sub(r"[0-9a-f]+", lambda found: f"<{len(found[0])}>", value)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
