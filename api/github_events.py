"""Webhooks of GitHub: are they GitHub's, and does the bot act on what they tell?"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from db.github_deliveries import PREFIX, NewDelivery

Payload = Mapping[str, Any]

_SIGNED = "sha256="


def is_signed(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """Tell whether a body carries the signature of one of the secrets; takes as long whichever it is, or none."""
    given = signature.encode("utf-8", "replace")
    found = [
        hmac.compare_digest(given, (_SIGNED + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()).encode())
        for secret in secrets
    ]
    return any(found)


def described(delivery_id: str, event: str, payload: Payload, body: bytes, permitted: str) -> NewDelivery | None:
    """Return a webhook as it is stored, or None for what the bot never acts on, which is not kept.

    permitted: the operator's list of repositories.
    """
    action = _text(payload.get("action"))
    wanted = _WANTED.get(event)
    if wanted is None or not wanted(action or "", payload):
        return None
    repository = _text(_part(payload, "repository").get("full_name"))
    return NewDelivery(
        id=delivery_id,
        event=event,
        action=action,
        installation_id=_number(_part(payload, "installation").get("id")),
        repository=repository,
        number=_pull_number(payload),
        sender=_text(_part(payload, "sender").get("login")),
        body=body,
        ignored=_ignored(event, payload, repository, permitted),
    )


def is_permitted(repository: str, permitted: str) -> bool:
    """Tell whether a repository is on the operator's list ("owner/name owner/*"); GitHub's names know no case."""
    return any(fnmatchcase(repository.lower(), one) for one in permitted.lower().split())


def _ignored(event: str, payload: Payload, repository: str | None, permitted: str) -> str | None:
    if event.startswith("installation"):
        return None
    if repository is None or not is_permitted(repository, permitted):
        return f"{repository or 'no repository'} is not in PLUMBLINE_GITHUB_REPOSITORIES"
    if _number(_part(payload, "installation").get("id")) is None:
        return "it names no installation of an App"
    comment = _part(payload, "comment")
    if event == "issue_comment" and (_is_bots(comment) or _part(payload, "sender").get("type") == "Bot"):
        return "bots are not obeyed"
    return None


def _is_bots(comment: Payload) -> bool:
    user = _part(comment, "user")
    by_app = comment.get("performed_via_github_app") is not None
    return by_app or user.get("type") != "User" or str(user.get("login", "")).endswith("[bot]")


def _is_command(action: str, payload: Payload) -> bool:
    on_pull = isinstance(_part(payload, "issue").get("pull_request"), dict)
    return action == "created" and on_pull and PREFIX in str(_part(payload, "comment").get("body", ""))


_WANTED: Mapping[str, Callable[[str, Payload], bool]] = {
    "issue_comment": _is_command,
    "pull_request": lambda action, _: action in ("opened", "reopened", "synchronize", "labeled", "closed"),
    "check_run": lambda action, _: action == "rerequested",
    "check_suite": lambda action, _: action == "rerequested",
    "installation": lambda action, _: action in ("created", "deleted", "suspend", "unsuspend"),
}


def _pull_number(payload: Payload) -> int | None:
    direct = _part(payload, "pull_request").get("number") or _part(payload, "issue").get("number")
    check = _part(payload, "check_run") or _part(payload, "check_suite")
    named = check.get("pull_requests")
    if direct is None and isinstance(named, list) and named and isinstance(named[0], dict):
        direct = named[0].get("number")
    number = _number(direct)
    return number if number is None or number < 2**31 else None


def _part(payload: Payload, name: str) -> Payload:
    found = payload.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    return value[:300] if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63 else None
