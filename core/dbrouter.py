"""Keeps the cache table in its own SQLite file, so that rate limits never wait behind the panel's one writer."""

from typing import Any

CACHE_APP = "django_cache"


class CacheRouter:
    """Route the cache table to the `cache` database and everything else away from it."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "cache" if model._meta.app_label == CACHE_APP else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "cache") == (app_label == CACHE_APP)
