"""The panel's one settings file, read with the test profile and a data folder of its own.

The caller's PANEL_ environment stays out. PANEL_TEST_DATABASE_URL: the tests run on that database.
"""

import atexit
import os
import shutil
import tempfile

for _name in [
    name for name in os.environ if name.startswith("PANEL_") and not name.startswith("PANEL_TEST_")
]:
    del os.environ[_name]

_data = tempfile.mkdtemp(prefix="run402-panel-test-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["PANEL_ENV"] = "test"
os.environ["PANEL_DATA"] = _data
# Playwright's synchronous API keeps an event loop running, for all tests after the first that draws a browser.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# WhiteNoise warns about a folder that is not there.
os.environ["PANEL_STATIC_ROOT"] = tempfile.mkdtemp(dir=_data)
if os.environ.get("PANEL_TEST_DATABASE_URL"):
    os.environ["PANEL_DATABASE_URL"] = os.environ["PANEL_TEST_DATABASE_URL"]

from run402_panel.settings import *  # noqa: E402, F403 - the profile has to stand in the environment first

if "PANEL_DATABASE_URL" not in os.environ:
    # A file, as in life: the worker processes that tests start open it too.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}  # noqa: F405
