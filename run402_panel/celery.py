"""The Celery application. Messages wake workers; what there is to do stands in the database (operations/)."""

import os

from celery import Celery

from run402_panel import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")

broker.install()
app = Celery("run402_panel")
app.config_from_object("run402_panel.settings:CELERY")
app.set_default()  # for web's threads too: “current” means the current thread's
app.autodiscover_tasks()
