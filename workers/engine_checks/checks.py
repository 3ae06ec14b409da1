"""One check after the other: run, judge, and say what a job keeps of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evals.engine_checks.outcome import Outcome, undecided
from evals.engine_checks.output import judge_one_batch, judge_unittest
from evals.engine_checks.settings import EngineCheckSettings
from evals.engine_checks.texts import judge_offline
from evals.modalities import sees_pictures
from workers.diagnosis import describe_exit, telling_lines
from workers.engine_checks import commands
from workers.engine_checks.commands import Candidate, with_path
from workers.engine_checks.running import Ended, run_to_end

EXCERPT_LINES = 30
_TEXT_ALONE = "one_batch takes no pictures, so that it ran this model's text alone; engine-check/offline shows pictures"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Say where a check's output goes, and how it learns that it must stop."""

    log_path: Path
    should_stop: Callable[[], bool]

    def run(self, command: Sequence[str], variables: Mapping[str, str], settings: EngineCheckSettings) -> Ended:
        """Run a command there."""
        return run_to_end(
            command,
            environment=variables,
            log_path=self.log_path,
            timeout_s=settings.timeout_s,
            should_stop=self.should_stop,
        )


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Hold a check's outcome, and what was run for it; ended: None when nothing was."""

    outcome: Outcome
    command: tuple[str, ...] = ()
    ended: Ended | None = None

    def as_facts(self) -> dict[str, Any]:
        """Return what a job keeps of it."""
        facts = self.outcome.as_facts()
        if self.ended is None:
            return facts
        lines = self.ended.output.splitlines()
        return facts | {
            "command": " ".join(self.command),
            "seconds": round(self.ended.seconds, 1),
            "log": str(self.ended.log_path),
            "excerpt": "\n".join(telling_lines(lines)[-EXCERPT_LINES:]),
        }


def run_one_batch(candidate: Candidate, settings: EngineCheckSettings, place: Place) -> tuple[list[str], Ended] | None:
    """Run one_batch's correctness test; None when this SGLang has none."""
    command = commands.one_batch(candidate)
    return None if command is None else (command, place.run(command, candidate.variables, settings))


def judged_one_batch(run: tuple[list[str], Ended] | None, candidate: Candidate, server: Sequence[str] | str) -> Checked:
    """Judge one_batch's run beside the server's answers to its prompts, or the reason why there are none."""
    if run is None:
        return Checked(outcome=undecided("this SGLang has no one_batch; looked for sglang.benchmark.one_batch"))
    command, ended = run
    texts, why_not = (None, server) if isinstance(server, str) else (server, "")
    outcome = _ended_late(ended) or judge_one_batch(
        ended.output, exit_status=ended.exit_status, server=texts, exact=candidate.is_exact, why_not=why_not
    )
    if sees_pictures(candidate.model):
        outcome = replace(outcome, notes=(*outcome.notes, _TEXT_ALONE))
    return Checked(outcome=outcome, command=tuple(command), ended=ended)


def check_unittest(candidate: Candidate, settings: EngineCheckSettings, place: Place) -> Checked:
    """Run one of SGLang's unittests on the candidate's model, out of the engine's checkout."""
    if candidate.environment.tree is None:
        reason = "the engine was installed without SGLang's tests: name a source git:URL@REF, whose checkout has them"
        return Checked(outcome=undecided(reason))
    file = commands.unittest_file(candidate, settings.test)
    if file is None:
        return Checked(outcome=undecided(f"the engine's source has no {settings.test.partition('.')[0]}.py in test/"))
    only_run = settings.only_run or candidate.model.path
    command = commands.unittest(candidate, settings.test)
    variables = with_path(candidate.variables, [file.parent, candidate.environment.tree]) | {"ONLY_RUN": only_run}
    ended = place.run(command, variables, settings)
    outcome = _ended_late(ended) or judge_unittest(
        ended.output,
        exit_status=ended.exit_status,
        names_model=_names(file, only_run),
        only_run=only_run,
    )
    return Checked(outcome=outcome, command=tuple(command), ended=ended)


def check_offline(
    candidate: Candidate,
    settings: EngineCheckSettings,
    place: Place,
    *,
    requests: Mapping[str, Mapping[str, Any]],
    server: Mapping[str, str],
) -> Checked:
    """Ask the offline engine what the server was asked, and compare the texts."""
    folder = place.log_path.with_suffix(".asked")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    asked, answers = folder / "asked.json", folder / "answers.json"
    answers.unlink(missing_ok=True)
    asked.write_text(json.dumps({"arguments": candidate.arguments, "requests": requests}))
    command = commands.offline(candidate, asked, answers)
    try:
        ended = place.run(command, candidate.variables, settings)
        return Checked(outcome=_offline_outcome(ended, answers, server), command=tuple(command), ended=ended)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _offline_outcome(ended: Ended, answers: Path, server: Mapping[str, str]) -> Outcome:
    late = _ended_late(ended)
    if late is not None:
        return late
    try:
        found = json.loads(answers.read_bytes())
    except (OSError, ValueError):
        lines = telling_lines(ended.output.splitlines())
        return undecided(f"the offline engine {describe_exit(ended.exit_status)}: {lines[-1] if lines else 'silent'}")
    return judge_offline(server, found)


def _ended_late(ended: Ended) -> Outcome | None:
    return undecided(f"it was ended after {ended.seconds:,.0f} s") if ended.timed_out else None


def _names(file: Path, model: str) -> bool:
    """Tell whether a test's file names a model; SGLang's tests pass over their lists when ONLY_RUN is not in them."""
    text = file.read_text(errors="replace")
    return any(f"{quote}{model}{quote}" in text for quote in "\"'")
