"""Send the replies and reactions that wait, each until GitHub has it or refuses it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from db.github_messages import MessageKind, ToSend, claim_messages, message_failed, message_sent
from db.session import transaction
from workers.github.calls import GitHubAwayError, GitHubRefusedError

if TYPE_CHECKING:
    from workers.github.client import GitHub

log = logging.getLogger(__name__)


def send_messages(pull_id: str | None = None) -> None:
    """Send what is due (pull_id: on one pull request); what is not sent now is tried again later."""
    with transaction() as session:
        waiting = claim_messages(session, pull_id=pull_id)
    for message in waiting:
        if not _sent(message):
            return


def _sent(message: ToSend) -> bool:
    """Send a message; return False when GitHub is away, so that the others wait too instead of being tried in vain."""
    from workers.github.client import installation

    try:
        posted = _posted(installation(message.installation_id), message)
    except (GitHubAwayError, GitHubRefusedError) as error:
        final = isinstance(error, GitHubRefusedError)
        wait = error.retry_after_s if isinstance(error, GitHubAwayError) else None
        log.warning("a %s on %s#%d is not sent: %s", message.kind, message.repository, message.number, error)
        with transaction() as session:
            message_failed(session, message.id, error.message, retry_after_s=wait, final=final)
        return final
    with transaction() as session:
        message_sent(session, message.id, posted)
    return True


def _posted(github: GitHub, message: ToSend) -> int | None:
    owner, _, name = message.repository.partition("/")
    if message.kind is MessageKind.REPLY:
        return github.reply(owner, name, message.number, message.body)
    if message.about_comment_id is not None:
        github.react(owner, name, message.about_comment_id, message.body)
    return None
