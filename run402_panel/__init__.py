"""Wiring of Run402 Panel: settings, addresses, Celery. No behaviour lives here."""

from run402_panel.celery import app as celery_app

__all__ = ["celery_app"]
