"""The panel's settings with the reference page among its addresses."""

from run402_panel.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.reference"
