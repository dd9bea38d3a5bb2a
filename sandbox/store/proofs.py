"""Sign-in nonces that were seen, so that a proof is good for one address only."""

from __future__ import annotations

from sandbox.store.database import Database


class Proofs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, address: str, nonce: str, uri: str, *, expires_at: float, now: float) -> bool:
        """Whether this nonce may be used for `uri`: it is new, or it was used for the same one before.

        A paid retry repeats the header of the first request, so the same URL has to be allowed again (identity 3.4).
        """
        with self._database.transaction():
            self._database.run("DELETE FROM proofs WHERE expires_at < ?", now)
            self._database.run(
                "INSERT OR IGNORE INTO proofs VALUES (?, ?, ?, ?)", address, nonce, uri, expires_at
            )
            found = self._database.rows(
                "SELECT uri FROM proofs WHERE address = ? AND nonce = ?", address, nonce
            )
        return bool(found[0]["uri"] == uri)
