"""The addresses of the URLconf, each with its declared permission and the nouns that its parameters name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.urls.exceptions import Resolver404

from teams.access import OperatorOnly, Permission, Personal, Public
from teams.permissions import Action

#: The word before a parameter in an address, or all of the address before it, and the noun of `world.furnish` that
#: it names.
NOUNS = {
    "account/security/passkeys": "factor",
    "factors": "factor",
    "passkeys": "passkey",
    "sessions": "session",
    "checkouts": "checkout",
    "custodians": "membership",
    "shares": "membership",
    "activity": "operation",
    "deliveries": "delivery",
    "deploys": "deploy",
    "inbox": "notice",
    "jobs": "job",
    "invitations": "invitation",
    "leaving": "membership",
    "members": "membership",
    "payees": "payee",
    "payments": "payment",
    "projects": "project",
    "releases": "release",
    "team": "team",
    "tier": "tier",
    "wallets": "wallet",
    "webhooks": "hook",
}
#: What an address cannot be asked without.
QUERIES = {"deploys:release_file": "?path=index.html", "jobs:artifact": "?name=summary.json"}
#: Addresses that answer only who asked for the thing, or has it, whatever others may.
OWN = {"billing:passkey_refuse", "operations:consent", "operations:sealed"}
#: Addresses whose view demands more than it declares: whoever may start the kind of an operation may decide about it.
STRICTER = {f"operations:{name}": Action.DEPLOY for name in ("cancel", "resume", "inspect", "mark")}
PARAMETER = re.compile(r"(?:([\w-]+)/)?<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """One pattern of the URLconf."""

    name: str
    route: str
    permission: Permission | None

    @property
    def action(self) -> Action | None:
        """What a member has to be allowed."""
        declared = self.permission if isinstance(self.permission, Action) else None
        return STRICTER.get(self.name, declared)

    @property
    def parameters(self) -> dict[str, str]:
        """Each parameter with the word before it, or with all before it where NOUNS knows that."""
        found = {}
        for match in PARAMETER.finditer(self.route):
            before = self.route[: match.start(1) + len(match[1] or "")] if match[1] else ""
            found[match[2]] = before if before in NOUNS else match[1] or ""
        return found

    def nouns(self) -> dict[str, str]:
        """Each parameter with the noun that it names. Raises LookupError with what has to be done."""
        found = {}
        for name, word in self.parameters.items():
            if isinstance(self.permission, Public):
                found[name] = NOUNS.get(word, "nothing")
                continue
            if word not in NOUNS:
                raise LookupError(
                    f"/{self.route}: nobody knows what <{name}> after “{word}/” names. Add “{word}” to NOUNS in "
                    "tests/security/matrix/addresses.py, and one such object for each team to `furnish` in world.py."
                )
            found[name] = NOUNS[word]
        return found

    def url(self, things: Mapping[str, str]) -> str:
        """Return the address with these things in it."""
        path = reverse(self.name, kwargs={name: things[noun] for name, noun in self.nouns().items()})
        return path + QUERIES.get(self.name, "")


def undeclared(address: Address) -> str:
    """Return what is wrong with the declaration of an address, or nothing."""
    if isinstance(address.permission, Action | Personal | OperatorOnly | Public):
        return ""
    return (
        f"/{address.route} declares no permission. Put @require(Action.X), @personal, @operator_only or "
        "@public(“why”) of teams.access on its view."
    )


def permission_of(path: str) -> Permission | None:
    """Return the permission of the address that a path leads to; None for what is no address of the panel."""
    try:
        return _permission(resolve(path).func)
    except Resolver404:
        return None


def _permission(view: object) -> Permission | None:
    found = getattr(view, "permission", None)
    return found if isinstance(found, Action | Personal | OperatorOnly | Public) else None


def _walk(
    patterns: list[URLPattern | URLResolver], prefix: str = "", room: str = ""
) -> Iterator[tuple[str, Address]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else room
            yield from _walk(pattern.url_patterns, route, inner)
        else:
            name = f"{room}{pattern.name}"
            yield name, Address(name, route, _permission(pattern.callback))


#: Every address by its name.
ADDRESSES: dict[str, Address] = dict(sorted(_walk(get_resolver().url_patterns)))
