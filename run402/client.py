"""The client: one gateway, at most one signer, and the resources grouped by noun."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import httpx

from run402.applying import Apply
from run402.capabilities import Capabilities, probe
from run402.generations import SHARED, Memory
from run402.resources.balance import BalanceResource
from run402.resources.billing import BillingResource
from run402.resources.checkouts import CheckoutsResource
from run402.resources.content import ContentResource
from run402.resources.faucet import FaucetResource
from run402.resources.jobs import JobsResource
from run402.resources.projects import ProjectsResource
from run402.resources.releases import ReleasesResource
from run402.resources.resolve import ResolveResource
from run402.resources.secrets import SecretsResource
from run402.resources.subdomains import SubdomainsResource
from run402.resources.tiers import TiersResource
from run402.resources.transfers import TransfersResource
from run402.signers import Signer
from run402.spec.values import Dialect
from run402.wire import DEFAULT_TIMEOUT, Exchange, Wire


class Client:
    """A Run402 gateway.

    ``rpc_urls`` are JSON-RPC addresses of the chains whose balances are read. ``transport`` replaces the
    network, for tests or a proxy of one's own. ``on_exchange`` is called after each request, in the thread
    that made the call; what it raises goes to that caller. ``clock`` gives unix time; it dates proofs and
    payments. ``dialect`` is ``core`` for a self-hosted Run402 Core. ``memory`` keeps which generation of an
    endpoint a gateway has; clients of one process share one unless given another.

    >>> with Client("https://api.run402.com") as client:
    ...     client.base_url
    'https://api.run402.com'
    """

    def __init__(
        self,
        base_url: str,
        *,
        signer: Signer | None = None,
        rpc_urls: Sequence[str] = (),
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        on_exchange: Callable[[Exchange], None] | None = None,
        clock: Callable[[], float] = time.time,
        dialect: Dialect = "cloud",
        memory: Memory = SHARED,
    ) -> None:
        self._wire = Wire(
            base_url,
            signer=signer,
            transport=transport,
            timeout=timeout,
            on_exchange=on_exchange,
            clock=clock,
            dialect=dialect,
            memory=memory,
        )
        self.tiers = TiersResource(self._wire)
        self.faucet = FaucetResource(self._wire)
        self.balance = BalanceResource(self._wire, tuple(rpc_urls))
        self.billing = BillingResource(self._wire)
        self.checkouts = CheckoutsResource(self._wire)
        self.transfers = TransfersResource(self._wire, tuple(rpc_urls))
        self.projects = ProjectsResource(self._wire)
        self.content = ContentResource(self._wire)
        self.apply = Apply(self._wire, self.content)
        self.releases = ReleasesResource(self._wire)
        self.secrets = SecretsResource(self._wire)
        self.subdomains = SubdomainsResource(self._wire)
        self.jobs = JobsResource(self._wire)
        self.resolve = ResolveResource(self._wire)

    @property
    def base_url(self) -> str:
        return self._wire.base_url

    @property
    def signer(self) -> Signer | None:
        return self._wire.signer

    @property
    def dialect(self) -> Dialect:
        return self._wire.dialect

    def capabilities(self) -> Capabilities:
        """What the gateway can do, asked without any credential; nothing is changed by asking."""
        return probe(self._wire)

    def close(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"
