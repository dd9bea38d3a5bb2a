"""The scenario: what both clients do, step by step, and what must come back from the sandbox."""

from __future__ import annotations

from tests.conformance.app_steps import DATABASE_STEPS, END, SECRETS, WHOLE_APP
from tests.conformance.job_steps import JOBS
from tests.conformance.site_steps import MONEY, NAMES, PROJECT, SITE
from tests.conformance.trouble_steps import TROUBLE, WARNINGS

STEPS = [
    *MONEY,
    *PROJECT,
    *SITE,
    *WARNINGS,
    *TROUBLE,
    *NAMES,
    *SECRETS,
    *DATABASE_STEPS,
    *WHOLE_APP,
    *JOBS,
    *END,
]
