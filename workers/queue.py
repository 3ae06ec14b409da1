"""The queue: the Celery app and the functions that send its messages. A message is only a wake-up."""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from db.addresses import redis_url
from db.settings import settings

log = logging.getLogger(__name__)

CONTROL = "control"
VISIBILITY_TIMEOUT_S = 3600
"""After this long Redis delivers an unacknowledged message again; the claim in Postgres makes that harmless."""

_TASKS = ("workers.tasks", "workers.pool", "workers.history", "workers.schedules", "workers.github.tasks")
_SIGNALS = ("workers.inventory",)
app = Celery("plumbline", include=[*_TASKS, *_SIGNALS])


def _configuration() -> dict[str, Any]:
    return {
        "broker_url": redis_url(settings()),
        "broker_transport_options": {"visibility_timeout": VISIBILITY_TIMEOUT_S, "socket_timeout": 10},
        "broker_connection_retry_on_startup": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": False,
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 50,
        "worker_hijack_root_logger": True,
        "task_ignore_result": True,
        "task_default_queue": CONTROL,
        "task_publish_retry": False,
        "enable_utc": True,
        "beat_schedule": _github_beat()
        | {
            "reconcile": {"task": "plumbline.reconcile", "schedule": 5.0, "options": {"expires": 5.0}},
            "schedules": {"task": "plumbline.submit_due", "schedule": 60.0, "options": {"expires": 60.0}},
            "history": {"task": "plumbline.analyse_recent_history", "schedule": 3600.0, "options": {"expires": 3600.0}},
        },
    }


def _github_beat() -> dict[str, Any]:
    if not settings().github_ready:
        return {}
    return {"github": {"task": "plumbline.github", "schedule": 5.0, "options": {"expires": 5.0}}}


app.add_defaults(_configuration)


def enqueue_job(job_id: str, queue: str) -> None:
    """Wake a worker of `queue` for a job."""
    _send("plumbline.run_job", job_id, queue)


def enqueue_report(run_id: str) -> None:
    """Wake a worker to write a run's report."""
    _send("plumbline.write_report", run_id, CONTROL)


def enqueue_analysis(run_id: str) -> None:
    """Wake a worker to look for changes of level on a run's lineages; once an hour all of them are read anyway."""
    _send("plumbline.analyse_history", run_id, CONTROL)


def enqueue_rescoring(run_id: str, scorer: str) -> bool:
    """Wake a worker to rescore a run; tell whether the broker took the message, which nobody sends again."""
    return _send("plumbline.rescore", run_id, CONTROL, scorer)


def enqueue_delivery(delivery_id: str) -> None:
    """Wake a worker to act on a webhook of GitHub; the beat finds it anyway."""
    _send("plumbline.github_delivery", delivery_id, CONTROL)


def enqueue_posting(pull_id: str) -> None:
    """Wake a worker to tell a pull request what there is to tell; the beat finds it anyway."""
    _send("plumbline.github_post", pull_id, CONTROL)


def _send(task: str, argument: str, queue: str, *more: str) -> bool:
    try:
        app.send_task(task, args=[argument, *more], queue=queue)
    except OperationalError as error:
        # Postgres already holds the work; the reconcile task sends the message again.
        log.warning("the broker did not take %s(%s): %s", task, argument, error)
        return False
    return True
