"""The WSGI application that gunicorn serves."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")
django.setup(set_prefix=False)

from core.wsgi import PanelWSGIHandler  # noqa: E402 - reads the settings

application = PanelWSGIHandler()
