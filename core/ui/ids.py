"""Ids short enough for a table and still recognisable."""

HEAD, TAIL = 4, 4
LONGEST = 16


def shorten(value: str, longest: int = LONGEST) -> str:
    """Return `0x7aE2…41c9` or `tr_0a9f…77d1`; a value of at most `longest` characters stays whole."""
    if len(value) <= longest:
        return value
    prefix = _prefix(value)
    return f"{prefix}{value[len(prefix) : len(prefix) + HEAD]}…{value[-TAIL:]}"


def _prefix(value: str) -> str:
    """Return what says the kind of id: `0x`, `rel_`, `sha256:`."""
    if value.startswith("0x"):
        return "0x"
    for mark in ("_", ":"):
        head, found, _rest = value.partition(mark)
        if found and len(head) <= 8:
            return head + mark
    return ""
