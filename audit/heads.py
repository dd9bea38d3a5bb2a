"""Signs the heads of chains. Only workers can: web holds no signing key.

A worker signs what follows from what it signed before. Whoever writes into the database past the panel cannot have the
changed record signed: the worker checks every entry since the last head first, and leaves a chain that fails unsigned.
"""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from audit import chains, keys
from audit.keys import Signer
from audit.models import Chain, SignedHead
from audit.verifying import Head

log = structlog.get_logger(__name__)


def moved() -> QuerySet[Chain]:
    """Return the chains that grew since they were signed."""
    newest = SignedHead.objects.filter(chain=OuterRef("key")).order_by("-seq").values("seq")[:1]
    return Chain.objects.annotate(signed_seq=Coalesce(Subquery(newest), 0)).filter(seq__gt=F("signed_seq"))


def sign_moved() -> int:
    """Sign the head of each chain that moved; return how many. Without a signing keyset nothing is signed."""
    if signer := keys.signer(settings.AUDIT_SIGNING_KEYSET):
        return sum(_sign(chain, signer) for chain in moved())
    return 0


def _sign(chain: Chain, signer: Signer) -> bool:
    last = SignedHead.objects.filter(chain=chain).order_by("-seq").first()
    if not _is_ours(last, signer) or not chains.extends(chain, last):
        log.error(
            "audit_head_not_signed",
            chain=chain.key or "instance",
            seq=chain.seq,
            hint="manage.py audit_verify",
        )
        return False
    at = timezone.now()
    head = Head(chain.seq, chain.head, at.isoformat(timespec="microseconds"), signer.key_id, "")
    signature = signer.sign(head.statement(chain.key))
    # Another worker may sign the same head at the same instant: one of the two rows stays.
    _row, made = SignedHead.objects.get_or_create(
        chain=chain,
        seq=chain.seq,
        defaults={"digest": chain.head, "at": at, "key_id": signer.key_id, "signature": signature},
    )
    return made


def _is_ours(last: SignedHead | None, signer: Signer) -> bool:
    """Say whether the last head was signed with a key that we know; otherwise nothing can be built on it."""
    if last is None:
        return True
    known = (keys.verifier(settings.AUDIT_PUBLIC_KEYSET), keys.verifier(signer.public))
    head = last.head()
    return any(verify(head, head.statement(last.chain_id)) for verify in known if verify)
