"""The states of a change of level, and the transitions that are legal."""

from __future__ import annotations

from enum import StrEnum

from evals.errors import PlumblineError


class ChangeState(StrEnum):
    """Where a change stands; IMPROVEMENT is for the better and asks for nothing, the others are regressions."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    FIXED = "fixed"
    REOPENED = "reopened"
    IMPROVEMENT = "improvement"


class ChangeAction(StrEnum):
    """What is done to a change; each leaves an entry in its log."""

    OPEN = "open"
    NOTE = "note"
    ACKNOWLEDGE = "acknowledge"
    FIX = "fix"
    REOPEN = "reopen"
    ASSIGN = "assign"


TRANSITIONS: dict[ChangeAction, tuple[frozenset[ChangeState], ChangeState]] = {
    ChangeAction.ACKNOWLEDGE: (frozenset({ChangeState.OPEN, ChangeState.REOPENED}), ChangeState.ACKNOWLEDGED),
    ChangeAction.FIX: (frozenset({ChangeState.ACKNOWLEDGED}), ChangeState.FIXED),
    ChangeAction.REOPEN: (frozenset({ChangeState.FIXED}), ChangeState.REOPENED),
}
"""From which states an action is legal, and where it leads."""

_REGRESSIONS = frozenset(ChangeState) - {ChangeState.IMPROVEMENT}

_REMEDY = {
    ChangeAction.ACKNOWLEDGE: "only open and reopened regressions are acknowledged",
    ChangeAction.FIX: "acknowledge it first, with the reason; then name the commit that fixes it",
    ChangeAction.REOPEN: "only fixed regressions are reopened",
    ChangeAction.ASSIGN: "only regressions are assigned to commits",
}


class IllegalChangeError(PlumblineError):
    """Somebody tried to move a regression along an arrow that does not exist."""

    code = "illegal_transition"


def after(state: ChangeState, action: ChangeAction) -> ChangeState:
    """Return the state to which an action leads; raise IllegalChangeError when it is not legal there.

    Naming the commit to blame is legal for every regression, and leaves the state as it is.
    """
    sources, target = (_REGRESSIONS, state) if action is ChangeAction.ASSIGN else TRANSITIONS[action]
    if state not in sources:
        done = "assigned to a commit" if action is ChangeAction.ASSIGN else target.value
        raise IllegalChangeError(f"what is {state.value} cannot be {done}", remedy=_REMEDY[action])
    return target


def actions_of(state: ChangeState) -> tuple[ChangeAction, ...]:
    """Return what somebody may do to a change in a state."""
    legal = tuple(action for action, (sources, _) in TRANSITIONS.items() if state in sources)
    return (*legal, ChangeAction.ASSIGN) if state in _REGRESSIONS else legal
