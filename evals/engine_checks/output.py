"""Read what SGLang's own checks print, and judge it.

`python -m sglang.benchmark.one_batch --correct` and `python -m unittest -v`, as SGLang 0.5.23 and Python 3.11 write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from evals.engine_checks.outcome import Outcome, undecided
from evals.engine_checks.texts import agrees, continuations, difference, parting
from evals.outcome import Verdict

PROMPTS = ("The capital of France is", "The capital of the United Kindom is", "Today is a sunny day and I like")
"""What one_batch puts to the model, spelling included."""

DECODED = 16
"""How many tokens one_batch decodes."""

EARLY = 4
"""Characters: where all texts part before that, no near ties are to blame, of which three at once are not seen."""

_TEXT = re.compile(r"^=+ Prompt (\d+) =+\n(.*?)(?=^=+ Prompt \d+ =+$|\Z)", re.MULTILINE | re.DOTALL)
_LOGITS = re.compile(r"^prefill logits \([^)]*\):.*?(?:\)|\Z)", re.MULTILINE | re.DOTALL)
_RAN = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
_RESULT = re.compile(r"^(OK|FAILED)(?: \((.*)\))?$", re.MULTILINE)
_TROUBLE = re.compile(r"^(?:FAIL|ERROR): .*$", re.MULTILINE)
_LAST_ERROR = re.compile(r"^[\w.]*(?:Error|Exception|Interrupt)\b.*$", re.MULTILINE)


def one_batch_texts(output: str) -> list[str]:
    """Return the texts that one_batch decoded, prompts included, by the prompt's number."""
    found = {int(match[1]): match[2].strip() for match in _TEXT.finditer(output)}
    return [found[number] for number in sorted(found)]


def judge_one_batch(
    output: str,
    *,
    exit_status: int | None,
    server: Sequence[str] | None,
    exact: bool,
    why_not: str = "",
) -> Outcome:
    """Judge one_batch's run; texts that nothing can be compared with decide nothing.

    server: the server's greedy answers to the same prompts, None when it gave none, and why_not says why. exact:
    whether both must agree, as in float32; otherwise near ties may part some of the texts, which decides nothing.
    """
    if exit_status != 0:
        return undecided(f"it ended with exit status {exit_status}{_because(output)}")
    texts = one_batch_texts(output)
    if len(texts) < len(PROMPTS):
        return undecided(f"it printed {len(texts)} of {len(PROMPTS)} texts")
    empty = _faults(texts, output)
    notes = [f"prompt {number}: {text}" for number, text in enumerate(texts)]
    if server is None or len(server) < len(PROMPTS):
        said = why_not if server is None else f"the server answered {len(server)} of {len(PROMPTS)} prompts"
        return _without_server(empty, notes, said)
    apart = _apart(texts, server)
    reasons = empty + apart
    notes.append(f"as the server says: {len(PROMPTS) - len(apart)} of {len(PROMPTS)}")
    failed = bool(empty) or (bool(apart) and (exact or _all_early(texts, server)))
    return Outcome(
        verdict=Verdict.FAIL if failed else Verdict.INCONCLUSIVE if apart else Verdict.PASS,
        passed=len(PROMPTS) - min(len(reasons), len(PROMPTS)),
        n=len(PROMPTS),
        reasons=tuple(reasons),
        notes=tuple(notes),
    )


def _faults(texts: Sequence[str], output: str) -> list[str]:
    """Return what shows by itself that something is wrong."""
    faults = [f"prompt {number} has no text" for number, text in enumerate(texts) if not text]
    if any(re.search(r"\bnan\b", block[0]) for block in _LOGITS.finditer(output)):
        faults.append("its prefill logits are not numbers (nan)")
    return faults


def _without_server(faults: Sequence[str], notes: Sequence[str], why: str) -> Outcome:
    """Return what can be said without the server's answers: a fault that shows by itself, and never a pass."""
    reason = f"there is nothing to compare its texts with: {why}"
    if not faults:
        return replace(undecided(reason), notes=tuple(notes))
    passed = len(PROMPTS) - min(len(faults), len(PROMPTS))
    return Outcome(verdict=Verdict.FAIL, passed=passed, n=len(PROMPTS), reasons=tuple(faults), notes=(*notes, reason))


def judge_unittest(output: str, *, exit_status: int | None, names_model: bool, only_run: str) -> Outcome:
    """Judge a unittest's run; names_model: whether the test's file names the model that it was to pick.

    A failed assertion is a failure; any other exception only shows that the test could not be made.
    """
    ran, results = _RAN.findall(output), _RESULT.findall(output)
    if not ran or not results:
        return undecided(f"it ended with exit status {exit_status} before any result{_because(output)}")
    n, (result, counted) = int(ran[-1]), results[-1]
    counts = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", counted)}
    failures, errors, skipped = (counts.get(name, 0) for name in ("failures", "errors", "skipped"))
    lines = tuple(_TROUBLE.findall(output))
    if failures:
        return Outcome(verdict=Verdict.FAIL, passed=n - failures - errors - skipped, n=n, reasons=lines)
    if errors or result != "OK" or exit_status != 0:
        return undecided(f"{lines[0] if lines else 'it ended with an error'}{_because(output)}")
    if n - skipped < 1:
        return undecided("it ran no test: all were skipped" if n else "it ran no test")
    if not names_model:
        return undecided(f"the test's file does not name {only_run}, so that its tests passed without trying it")
    return Outcome(verdict=Verdict.PASS, passed=n - skipped, n=n)


def _apart(texts: Sequence[str], server: Sequence[str]) -> list[str]:
    found = []
    for number, (said, answer) in enumerate(zip(continuations(texts, PROMPTS), server, strict=False)):
        if said is None:
            found.append(f"the text of prompt {number} does not hold its prompt")
        elif not agrees(said, answer):
            found.append(f"the text of prompt {number} {difference(answer.strip(), said.strip())}")
    return found


def _all_early(texts: Sequence[str], server: Sequence[str]) -> bool:
    """Tell whether every text parts from the server's within its first characters."""
    pairs = [(said or "", answer) for said, answer in zip(continuations(texts, PROMPTS), server, strict=False)]
    return all(
        said.strip() and answer.strip() and not agrees(said, answer) and parting(said.strip(), answer.strip()) < EARLY
        for said, answer in pairs
    )


def _because(output: str) -> str:
    lines = _LAST_ERROR.findall(output)
    return f": {lines[-1][:300]}" if lines else ""
