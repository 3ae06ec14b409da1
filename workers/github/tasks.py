"""The bot's Celery tasks: act on a webhook, tell a pull request what there is to tell, and look for what was missed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, TypeVar

from celery.signals import worker_init
from sqlalchemy.exc import OperationalError

from db.github_deliveries import due_deliveries, forget_bodies
from db.github_posting import due_pulls, is_put_off
from db.github_pulls import pulls_to_read
from db.session import transaction
from db.settings import settings
from workers.queue import app

log = logging.getLogger(__name__)

T = TypeVar("T")

_AT_ONCE = 20
"""How many webhooks or pull requests one round works at."""

_READ_AGAIN_S = 300.0
"""How long a pull request with open runs is trusted to be as it was: a webhook about its push may have been lost."""


@worker_init.connect
def load(**_: Any) -> None:
    """Load the client of GitHub before the pool forks, which shares it; without an App nothing needs it."""
    if settings().github_ready:
        for name in ("deliveries", "messages", "posting", "refresh"):
            import_module(f"workers.github.{name}")


@app.task(name="plumbline.github_delivery")
def github_delivery(delivery_id: str) -> None:
    """Act on a delivery, and on what waits behind it."""
    from workers.github.deliveries import process

    process(delivery_id)


@app.task(name="plumbline.github_post")
def github_post(pull_id: str) -> None:
    """Bring a pull request's comment and check runs up to date, and send what waits to be said there."""
    from workers.github.messages import send_messages
    from workers.github.posting import post_pull

    send_messages(pull_id)
    post_pull(pull_id)


@app.task(name="plumbline.github")
def github() -> None:
    """Do all that is due on GitHub; a task of one pull request that fails stops no other."""
    if not settings().github_ready:
        return
    from workers.github.deliveries import process
    from workers.github.messages import send_messages
    from workers.github.refresh import read_again

    with transaction() as session:
        deliveries, forgotten = due_deliveries(session, limit=_AT_ONCE), forget_bodies(session)
        stale = pulls_to_read(session, older_than_s=_READ_AGAIN_S)
    if forgotten:
        log.info("the bodies of %d old webhooks were dropped", forgotten)
    # Once GitHub is away, nothing more is tried in vain: what comes after waits for the next round.
    _each(process, deliveries)
    _each(read_again, stale)
    send_messages()
    with transaction() as session:
        pulls = due_pulls(session, limit=_AT_ONCE)
    _each(_posted, pulls)


def _posted(pull_id: str) -> bool:
    github_post(pull_id)
    with transaction() as session:
        return not is_put_off(session, pull_id)


def _each(act: Callable[[T], bool], items: Iterable[T]) -> None:
    """Act on each until one says that GitHub is away; what fails otherwise stops no other."""
    for item in items:
        try:
            if not act(item):
                return
        except OperationalError:
            raise
        except Exception:
            log.exception("the bot failed at %s", item)
