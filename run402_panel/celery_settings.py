"""What Celery is told: which broker, and what the beat sends when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from run402_panel import env

#: Name: the task, every how many seconds, the queue that takes it, its arguments. One not taken in time is dropped.
BEAT: dict[str, tuple[str, float, str, tuple[str, ...]]] = {
    "sweep-interactive": ("operations.sweep", 2.0, "interactive", ("interactive",)),
    "sweep-deploys": ("operations.sweep", 2.0, "deploys", ("deploys",)),
    "sweep-sync": ("operations.sweep", 15.0, "sync", ("sync",)),
    "plan-readings": ("operations.plan", 15.0, "sync", ()),
    "look-at-gateways": ("operations.look", 5.0, "sync", ()),
    "retain": ("operations.retain", 60.0, "sync", ()),
    "measure-disk": ("operations.measure", 30.0, "sync", ()),
    "sign-audit-heads": ("audit.sign_heads", 10.0, "sync", ()),
    "deliver-to-webhooks": ("notifications.deliver", 5.0, "sync", ()),
    "watch": ("notifications.watch", 60.0, "sync", ()),
}
MAIL = {"send-mail": ("notifications.send_mail", 5.0, "sync", ())}


def settings(broker_url: str, broker: Path, data: Path, *, mails: bool) -> dict[str, Any]:
    """Return Celery's settings. `broker` is the folder of the embedded one; `mails`: this instance sends mail."""
    return {
        "broker_url": broker_url,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_default_queue": "interactive",
        "task_create_missing_queues": True,
        "worker_prefetch_multiplier": 1,
        # Nobody commands a worker through the broker: whoever could write there could stop it.
        "worker_enable_remote_control": False,
        # Tasks close what is old or broken themselves (operations.tasks); a new connection for each costs too much.
        "CELERY_DB_REUSE_MAX": 1_000_000,
        "worker_hijack_root_logger": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_retry_on_startup": True,
        "beat_scheduler": "operations.schedule:Scheduler",
        "beat_schedule": _beat(BEAT | (MAIL if mails else {})),
        "beat_schedule_filename": str(data / "beat-schedule"),
        **(_embedded(broker) if broker_url.startswith("filesystem://") else {}),
    }


def _beat(schedule: dict[str, tuple[str, float, str, tuple[str, ...]]]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "task": task,
            "schedule": seconds,
            "args": arguments,
            "options": {"queue": queue, "expires": seconds},
        }
        for name, (task, seconds, queue, arguments) in schedule.items()
    }


def _embedded(broker: Path) -> dict[str, Any]:
    for folder in ("queue", "control"):
        (broker / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    # The transport opens a new table before it locks it; whoever reads at that moment finds no JSON and dies.
    for exchange in ("interactive", "deploys", "sync", "celery.pidbox"):
        env.create_once(broker / "control" / f"{exchange}.exchange", "[]")
    options = {
        "data_folder_in": str(broker / "queue"),
        "data_folder_out": str(broker / "queue"),
        "control_folder": str(broker / "control"),
        "store_processed": False,
        "polling_interval": 0.02,
    }
    return {"broker_transport_options": options}
