"""The guard for requests to addresses that people give: webhooks and the like. Workers send, web checks the spelling.

    guard = Guard()
    guard.check(url)                          # in a form: no network; raises Refusal
    answer = guard.send("POST", url, headers={...}, content=b"...")   # in a worker

`send` resolves the name once, refuses when any of its addresses is not public, and connects to an address it has
checked: what the name says a moment later does not matter. The name stays in Host and in the TLS handshake. Redirects
are answers, not instructions; proxies and credentials of the environment are not used; time and size are bounded.
"""

from core.outgoing.guard import Answer, Guard, Unreachable
from core.outgoing.rules import Rules, Target

__all__ = ["Answer", "Guard", "Rules", "Target", "Unreachable"]
