"""What the bot replies; whatever others have written is quoted as harmless code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from db.github_deliveries import PREFIX
from db.github_pulls import Asked
from db.runs import RunRecord
from db.states import RunState
from evals.errors import PlumblineError
from evals.render.escape import code, link, plain
from workers.github.commands import RUN_KEYS, VERBS, Misread

MOST = 8000
"""Characters of a reply; GitHub takes 65,536, and nobody reads them."""


def misread(one: Misread) -> str:
    """Say what is wrong with a line, and what would be right."""
    return f"{code(one.line)} is no command: {plain(one.problem)}.\n\nThe nearest one: `{one.nearest}`"


def refusal(error: PlumblineError) -> str:
    """Say why a command is not obeyed, and what to do."""
    return f"Nothing was started: {plain(error.message, 600)}\n\n{plain(error.remedy, 600)}"


def help_text() -> str:
    """Say all commands, and what a run can be told."""
    commands = "\n".join(f"- `{PREFIX} {how}`" for how in VERBS.values())
    keys = "\n".join(f"- `{key}`: {what}" for key, what in RUN_KEYS.items())
    return f"{commands}\n\n`run` can be told:\n\n{keys}"


def stranger(needed: str) -> str:
    """Say that somebody may not give commands."""
    return (
        f"Commands are obeyed from those who have the permission {code(needed)} here, or whom the repository's "
        "`.plumbline.yml` or the operator names."
    )


def no_maintainer(needed: str) -> str:
    """Say that it takes a maintainer."""
    return f"This takes the permission {code(needed)}."


def fork_waits(head: str, suite: str | None) -> str:
    """Say how a maintainer lets a fork's commit run."""
    words = " ".join(word for word in ("run", suite, f"head={head}") if word)
    return (
        "This pull request comes from a fork, whose code runs here only once a maintainer has looked at it and named "
        f"the commit:\n\n```\n{PREFIX} {words}\n```\nA new push needs a new approval."
    )


def other_head(named: str, head: str) -> str:
    """Say that a command named a commit that is not the head."""
    return f"Nothing was started: the head is {code(head)}, not {code(named)}. Look at what was pushed, then name that."


def not_on_head(problem: str) -> str:
    """Say why there is nothing to do at the present head."""
    return f"{plain(problem)}; `{PREFIX} run` starts an evaluation."


def status_text(head: str, found: Sequence[tuple[Asked, RunRecord]], public_url: str | None) -> str:
    """Say how the runs of the head stand."""
    lines = [f"- {_run(run, public_url)}: {_standing(run)}" for _, run in found]
    return f"At {code(head[:12])}:\n\n" + "\n".join(lines)


def promoted(workloads: Iterable[str], run_id: str) -> str:
    """Say what became a baseline."""
    names = ", ".join(code(name) for name in workloads)
    return f"Baseline of {names} is what run {code(run_id)} measured." if names else "It was the baseline already."


def shortened(parts: Sequence[str]) -> str:
    """Return the parts as one reply of bounded length; parts that do not fit are counted."""
    kept: list[str] = []
    for part in parts:
        if sum(map(len, kept)) + len(part) > MOST:
            break
        kept.append(part)
    left = len(parts) - len(kept)
    return "\n\n".join([*kept, *([f"… and {left} more"] if left else [])])


def _run(run: RunRecord, public_url: str | None) -> str:
    name = f"{code(run.submission.suite, 60)} on {code(run.submission.model.path, 80)}"
    page = link(f"run {run.id}", f"{public_url.rstrip('/')}/runs/{run.id}") if public_url else f"run {code(run.id)}"
    return f"{name}, {page}"


def _standing(run: RunRecord) -> str:
    if run.state is RunState.FINISHED:
        return f"**{run.verdict}**, {plain(run.headline or '', 300)}"
    return f"{run.state}{', to be cancelled' if run.cancel_requested else ''}"


REACTIONS: Mapping[str, str] = {"obeyed": "rocket", "misread": "confused", "refused": "-1"}
"""Which reaction tells what became of a command."""
