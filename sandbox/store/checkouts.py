"""Pages on which somebody pays by card: for a tier or into the prepaid balance of a wallet."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.store.database import Database


@dataclass(frozen=True)
class Checkout:
    """`secret` stands in its address: whoever has that may pay. `tier` is None for a top-up. Money is in micros."""

    id: str
    secret: str
    address: str
    tier: str | None
    micros: int
    success_url: str | None
    cancel_url: str | None
    created_at: float
    expires_at: float
    paid_at: float | None = None


class Checkouts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, checkout: Checkout) -> None:
        self._database.run(
            "INSERT INTO checkouts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            checkout.id,
            checkout.secret,
            checkout.address.lower(),
            checkout.tier,
            checkout.micros,
            checkout.success_url,
            checkout.cancel_url,
            checkout.created_at,
            checkout.expires_at,
            checkout.paid_at,
        )

    def by_secret(self, secret: str) -> Checkout | None:
        row = self._database.row("SELECT * FROM checkouts WHERE secret = ?", secret)
        return Checkout(**dict(row)) if row else None

    def pay(self, checkout: Checkout, now: float) -> bool:
        """Mark it as paid; False when somebody did so before."""
        changed = self._database.run(
            "UPDATE checkouts SET paid_at = ? WHERE id = ? AND paid_at IS NULL", now, checkout.id
        )
        return changed == 1

    def end(self, checkout: Checkout, now: float) -> None:
        """Let it expire now, unless it was paid."""
        self._database.run(
            "UPDATE checkouts SET expires_at = ? WHERE id = ? AND paid_at IS NULL AND expires_at > ?",
            now,
            checkout.id,
            now,
        )
