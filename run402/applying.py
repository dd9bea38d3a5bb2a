"""``client.apply`` whole: the single calls, and a release from beginning to end in the gateway's own dialect."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from run402 import x402
from run402.dialects import Dialect
from run402.dialects.cloud import PARALLEL, CloudDialect
from run402.dialects.core import CoreDialect
from run402.releasing import MAX_RETRIES, Confirmed, OnEvent, Release, Wishes, release
from run402.resources.apply import ApplyResource
from run402.resources.content import ContentResource
from run402.spec.functions import Function
from run402.spec.release import ReleaseSpec
from run402.wire import Wire


class Apply(ApplyResource):
    """``client.apply``.

    >>> from run402 import Client
    >>> client = Client("https://api.run402.com")
    >>> client.apply.dialect("anon").__class__.__name__
    'CloudDialect'
    """

    def __init__(self, wire: Wire, content: ContentResource) -> None:
        super().__init__(wire)
        self._content = content

    def release(
        self,
        spec: ReleaseSpec,
        *,
        anon_key: str | None = None,
        idempotency_key: str | None = None,
        confirmed: Confirmed = (),
        purchase: x402.Purchase | None = None,
        required_plan: Mapping[str, Any] | None = None,
        live_functions: Mapping[str, Function] | None = None,
        max_retries: int = MAX_RETRIES,
        commit_unchanged: bool = False,
        parallel: int = PARALLEL,
        on_event: OnEvent = lambda event: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Release:
        """Plan, upload what is missing, commit, and wait until the release is live.

        ``confirmed`` holds the codes of warnings that a person accepted, or is ``"all"``. ``on_event`` gets the
        contract's progress events, in the calling thread; what it raises ends the release before its next step.
        A plan that changes nothing is not committed unless ``commit_unchanged`` asks for an operation of its own.
        ``live_functions`` are what a Core must have restated. Raises WarningsUnconfirmed, ReleaseFailed, TimedOut
        (look again with ``follow``), and whatever the single calls raise.
        """
        wishes = Wishes(
            idempotency_key=idempotency_key,
            confirmed=confirmed,
            purchase=purchase,
            required_plan=required_plan,
            max_retries=max_retries,
            commit_unchanged=commit_unchanged,
            on_event=on_event,
            sleep=sleep,
        )
        dialect = self.dialect(anon_key, live_functions=live_functions, parallel=parallel, sleep=sleep)
        return release(dialect, spec, wishes)

    def dialect(
        self,
        anon_key: str | None,
        *,
        live_functions: Mapping[str, Function] | None = None,
        parallel: int = PARALLEL,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Dialect:
        """The words of this gateway, for a release step by step. Cloud needs the project's anon key."""
        if self._wire.dialect == "core":
            return CoreDialect(self._wire, live_functions or {})
        if anon_key is None:
            raise ValueError("A release on Cloud needs the project's anon key.")
        return CloudDialect(self, self._content, anon_key, parallel=parallel, sleep=sleep)
