"""Guard one engine: start it, and leave none of its processes behind, however the worker or the engine ends.

Run by path (`python -I -S keeper.py WORKER_PID LOG COMMAND...`), standard library only, nothing of ours. The worker
holds the other end of standard input; its end of file, another parent process or a SIGTERM mean: the worker is gone or
done. Standard output carries JSON lines, `{"started": pid}` and `{"ended": exit status}` (negative: a signal), and
its end of file means: nothing is left.

The keeper is two processes, so that either may be killed. Each is a child subreaper: whoever loses its parent below
one of them becomes its child, in whatever session or process group, and is found again. The inner keeper's child is
the engine; the outer keeper's child is the inner keeper. The engine dies with the inner keeper (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.25
GRACE_S = 3.0
GIVE_UP_S = 30.0
WAKING = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Guard the engine that a command line names; return 0 when nothing is left of it."""
    worker_pid, log, command = int(arguments[0]), arguments[1], arguments[2:]
    signal.pthread_sigmask(signal.SIG_BLOCK, WAKING)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    outer_pid = os.getpid()
    inner_pid = os.fork()
    if inner_pid == 0:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        os._exit(keep_engine(command, log, parent=outer_pid))
    if watch(inner_pid, parent=worker_pid) is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(inner_pid, signal.SIGTERM)
        wait_for(inner_pid, GRACE_S + POLL_S * 4)
    return 1 if end_descendants(grace_s=0) else 0


def keep_engine(command: list[str], log: str, *, parent: int) -> int:
    """Start the engine, watch it, and end what it leaves; return 0 when nothing is left."""
    if is_orphaned(parent):
        return 0
    engine_pid = start(command, log)
    tell(started=engine_pid)
    status = watch(engine_pid, parent=parent)
    if status is not None:
        tell(ended=status)
    left = end_descendants(grace_s=GRACE_S)
    if left:
        tell(left=left)
    return 1 if left else 0


def start(command: list[str], log: str) -> int:
    """Start the command in a session of its own, its output appended to the log; return its process id."""
    keeper_pid = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        redirect(log)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAKING)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == keeper_pid:  # else the keeper died before the line above
            os.execvpe(command[0], command, os.environ)
    except OSError as error:
        os.write(2, f"cannot start {command[0]}: {error}\n".encode())
    os._exit(127)


def redirect(log: str) -> None:
    """Point standard input at nothing and both outputs at the log."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, max(output, nothing) + 1)


def watch(child: int, *, parent: int) -> int | None:
    """Return the child's exit status once it ends, or None once the parent is gone or wants an end."""
    while True:
        ended = reap()
        if child in ended:
            return ended[child]
        received = signal.sigtimedwait(WAKING, POLL_S)
        if (received is not None and received.si_signo != signal.SIGCHLD) or is_orphaned(parent):
            return None


def is_orphaned(parent: int) -> bool:
    """Tell whether the parent process or its end of our standard input is gone."""
    if os.getppid() != parent:
        return True
    readable, _, _ = select.select([0], [], [], 0)
    return bool(readable) and os.read(0, 4096) == b""


def reap() -> dict[int, int]:
    """Collect all children that have ended; return their exit statuses (negative: a signal)."""
    ended: dict[int, int] = {}
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            ended[pid] = os.waitstatus_to_exitcode(status)
    return ended


def wait_for(child: int, timeout_s: float) -> None:
    """Wait until a child has ended, for so long."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and child not in reap():
        time.sleep(0.02)


def end_descendants(*, grace_s: float) -> list[int]:
    """Ask all descendants to end, kill them after the grace time, and return those that no signal ends."""
    send(signal.SIGTERM)
    send(signal.SIGCONT)  # one that was made to rest would hear of it only when woken
    deadline = time.monotonic() + grace_s
    while descendants() and time.monotonic() < deadline:
        reap()
        time.sleep(0.05)
    deadline = time.monotonic() + GIVE_UP_S
    while descendants() and time.monotonic() < deadline:
        send(signal.SIGKILL)
        reap()
        time.sleep(0.02)
    reap()
    return descendants()


def send(number: signal.Signals) -> None:
    """Send a signal to all descendants."""
    for pid in descendants():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def descendants() -> list[int]:
    """Return the living processes below this one, of any session, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208  # pathlib would make a path of each of them
        if entry.isdigit() and (found := parent_and_state(int(entry))) is not None:
            children.setdefault(found[0], []).append(int(entry))
    below, todo = [], [os.getpid()]
    while todo:
        found_below = children.get(todo.pop(), [])
        below += found_below
        todo += found_below
    return [pid for pid in below if (now := parent_and_state(pid)) is not None and now[1] != "Z"]


def parent_and_state(pid: int) -> tuple[int, str] | None:
    """Return a process's parent and its state letter, or None when it is gone (proc(5), stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), fields[0]


def prctl(option: int, value: int) -> None:
    """Call prctl(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def tell(**event: object) -> None:
    """Write one JSON line to the worker, if there still is one."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(event).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
