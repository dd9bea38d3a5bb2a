"""What can go wrong with SQL, in PostgreSQL's terms."""

from __future__ import annotations


class SqlError(Exception):
    """A statement that PostgreSQL would refuse; `sqlstate` is its five-character code, or a PGRST code."""

    def __init__(
        self, sqlstate: str, message: str, *, details: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.details = details
        self.hint = hint


class Unsupported(Exception):
    """Valid in PostgreSQL, not done here; the text names the construct."""


class Blocked(Exception):
    """SQL that no project may run (apply 1.6); the text names the pattern that matched."""


def invalid_text(kind: str, value: object) -> SqlError:
    return SqlError("22P02", f'invalid input syntax for type {kind}: "{value}"')


def no_relation(name: str) -> SqlError:
    return SqlError("42P01", f'relation "{name}" does not exist')


def no_column(name: str) -> SqlError:
    return SqlError("42703", f'column "{name}" does not exist')
