"""The forms that decide about a regression: one for each action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evals.history.states import ChangeAction


@dataclass(frozen=True, kw_only=True)
class TriageForm:
    """What somebody may do to a change: a form with a reason, and a commit where the action names one.

    required: whether the reason is. reason, commit: what was typed before it was refused; trouble: why, by field, with
    "" for the whole.
    """

    action: ChangeAction
    title: str
    help: str
    button: str
    asks_commit: bool
    required: bool
    reason: str = ""
    commit: str = ""
    trouble: Mapping[str, str] = field(default_factory=dict)


_ALL = (
    TriageForm(
        action=ChangeAction.ACKNOWLEDGE,
        title="Acknowledge",
        help="Say that it is known, and why it stands for now.",
        button="Acknowledge",
        asks_commit=False,
        required=True,
    ),
    TriageForm(
        action=ChangeAction.FIX,
        title="Name the fix",
        help="The commit that mends it. When the level stays, the analysis reopens the regression.",
        button="Mark as fixed",
        asks_commit=True,
        required=False,
    ),
    TriageForm(
        action=ChangeAction.REOPEN,
        title="Reopen",
        help="Say that it is there again, and how you know.",
        button="Reopen",
        asks_commit=False,
        required=True,
    ),
    TriageForm(
        action=ChangeAction.ASSIGN,
        title="Assign to a commit",
        help="The commit that brought it. The state stays as it is; the commit named last counts.",
        button="Assign",
        asks_commit=True,
        required=False,
    ),
)
FORMS = {form.action: form for form in _ALL}
