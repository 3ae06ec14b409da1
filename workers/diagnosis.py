"""Say why an engine died: a pure function from its exit status and the end of its log to an error with a remedy."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from evals.errors import EngineDiedError, OutOfMemoryError, PlumblineError
from workers.causes import BIND_ERROR, CAUSES, MEMORY_REMEDY

TELLING_LINES = 40
ERROR_LINE = re.compile(r"(?:hf_server: )?[\w.]*(?:Error|Exception|Interrupt|Failed|Failure)\b: ?\S")
USAGE_LINE = re.compile(r"usage: |\s+\[-|\s+\{")


@dataclass(frozen=True, kw_only=True)
class Death:
    """Hold what is known of an engine's end.

    exit_status: negative for a signal; None when the keeper was killed with it. lines: the log's end, scrubbed.
    options: the names of all the engine's arguments, () when unknown. was_oom_kill: whether the kernel counted an
    out-of-memory kill meanwhile; None when it cannot be read.
    """

    engine: str
    exit_status: int | None
    lines: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()
    was_oom_kill: bool | None = None


def diagnose(death: Death) -> PlumblineError:
    """Return the error that tells why the engine ended.

    The log comes before the exit status: SGLang's main process kills itself with SIGKILL when one of its others fails.
    """
    text = "\n".join(death.lines)
    for pattern, explain in CAUSES:
        found = list(pattern.finditer(text))
        if found:
            error = explain(death.engine, found[-1], death.options)
            error.details.update(details(death))
            return error
    if death.exit_status in (-signal.SIGKILL, 128 + signal.SIGKILL) and is_memory_kill(death):
        return OutOfMemoryError(
            f"{death.engine} was killed, most likely by the kernel because the host's memory was used up.",
            remedy=MEMORY_REMEDY,
            **details(death),
        )
    return EngineDiedError(
        f"{death.engine} {describe_exit(death.exit_status)}{_because(death.lines)}",
        remedy="Read the log's last lines; if they explain nothing, run the job again.",
        **details(death),
    )


def is_bind_error(lines: Sequence[str]) -> bool:
    """Tell whether the log says that the port was taken; SGLang says so and then hangs instead of ending."""
    return any(BIND_ERROR.search(line) for line in lines)


def is_memory_kill(death: Death) -> bool:
    """Tell whether a SIGKILL without a word came from the kernel, as far as can be known."""
    killed_itself = any("kill_process_tree" in line or "sigquit" in line.lower() for line in death.lines)
    return death.was_oom_kill is True or (death.was_oom_kill is None and not killed_itself)


def telling_lines(lines: Sequence[str]) -> list[str]:
    """Return the last traceback, or without one the last lines, without an argument parser's usage text."""
    useful = [line for line in lines if line.strip() and not USAGE_LINE.match(line)]
    starts = [number for number, line in enumerate(useful) if "Traceback (most recent call last)" in line]
    if starts:
        return useful[starts[-1] :][-TELLING_LINES:]
    return useful[-TELLING_LINES:]


def describe_exit(status: int | None) -> str:
    """Return an exit status in words."""
    if status is None:
        return "ended because the process that guards it was killed"
    if status < 0:
        try:
            return f"was ended by {signal.Signals(-status).name}"
        except ValueError:
            return f"was ended by signal {-status}"
    return f"ended with exit status {status}"


def details(death: Death) -> dict[str, object]:
    """Return what is stored with the error."""
    return {"exit_status": death.exit_status, "lines": telling_lines(death.lines)}


def _because(lines: Sequence[str]) -> str:
    errors = [line.strip() for line in lines if ERROR_LINE.match(line.strip())]
    return f": {errors[-1][:300]}" if errors else "."
