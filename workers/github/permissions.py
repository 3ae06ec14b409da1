"""Who may give commands, and whose commands let a fork's code run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.settings import Settings

LEVELS = ("none", "read", "triage", "write", "maintain", "admin")
"""GitHub's permissions on a repository, each with all that the ones before it allow."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody on GitHub. permission: on this repository. named: by its settings as one who may ask."""

    login: str
    permission: str
    named: bool = False

    def may_ask(self, settings: Settings) -> bool:
        """Tell whether his commands are obeyed: by permission, by the operator's list, or by the repository's."""
        return (
            self.named or is_listed(self.login, settings.github_users.split()) or self._has(settings.github_permission)
        )

    def is_maintainer(self, settings: Settings) -> bool:
        """Tell whether he may let a fork's commit run, and promote baselines; no list makes a maintainer."""
        return self._has(settings.github_maintainer_permission)

    def _has(self, needed: str) -> bool:
        return self.permission in LEVELS and LEVELS.index(self.permission) >= LEVELS.index(needed)


def is_listed(login: str, names: Sequence[str]) -> bool:
    """Tell whether a login is among some; GitHub's logins know no case."""
    return login.casefold() in {name.removeprefix("@").casefold() for name in names}
