"""Read pull requests again whose runs go on: a webhook about a push or a closing may never have come."""

from __future__ import annotations

import logging

from db.github_pulls import PullRecord, note_pull, note_reading
from db.session import transaction
from db.settings import settings
from workers.github.calls import GitHubAwayError, GitHubRefusedError
from workers.github.outcome import wake_up
from workers.github.running import Wake, cancel_pointless
from workers.github.scene import scene_of

log = logging.getLogger(__name__)


def read_again(pull: PullRecord) -> bool:
    """Ask GitHub for a pull request, and cancel what has become pointless; return False when GitHub is away."""
    try:
        scene = scene_of(pull.installation_id, pull.repository, pull.number, settings())
    except (GitHubAwayError, GitHubRefusedError) as error:
        log.warning("%s#%d cannot be read again: %s", pull.repository, pull.number, error)
        with transaction() as session:
            note_reading(session, pull.id)
        return isinstance(error, GitHubRefusedError)
    with transaction() as session:
        known = note_pull(session, scene.pull_state)
        wake = Wake(pulls=[known.id])
        cancel_pointless(session, known, wake)
    wake_up(wake)
    return True
