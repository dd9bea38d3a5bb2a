"""Commands of the Run402 CLI, as people paste them into a shell."""

from __future__ import annotations

import shlex

#: Where the CLI asks when the environment says nothing (contract: apply 0, identity 1.1).
DEFAULT_BASE = "https://api.run402.com"


def command(words: str, *values: object) -> str:
    """Return `words` with the quoted `values`: each in place of a `{}`, the others behind.

    >>> command("run402 secrets set {} {} --stdin", "prj_1", "API_KEY")
    'run402 secrets set prj_1 API_KEY --stdin'
    >>> command("run402 projects provision --name", "two words")
    "run402 projects provision --name 'two words'"
    """
    head, *gaps = words.split("{}")
    quoted = [shlex.quote(str(value)) for value in values]
    filled = "".join(value + gap for value, gap in zip(quoted, gaps, strict=False))
    return " ".join([head + filled, *quoted[len(gaps) :]])


def at_base(base: str) -> str:
    """Return the line that points the CLI at another gateway than its own; nothing for that one.

    >>> at_base("https://api.run402.com"), at_base("http://localhost:4020")
    ('', 'export RUN402_API_BASE=http://localhost:4020')
    """
    return command("export RUN402_API_BASE={}", base) if base not in ("", DEFAULT_BASE) else ""
