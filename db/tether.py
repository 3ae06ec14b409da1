"""Run a command that the kernel ends together with the process that asked for it.

This file is run by its path (`python -I -S tether.py ...`), replaces itself with the command and imports nothing
of Plumbline. The kernel watches the *thread* that started it, so start long-lived commands from the main thread.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pwd
import signal
import sys

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_SET_SECUREBITS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 28, 47, 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAPABILITY_VERSION_3, _CAP_DAC_OVERRIDE = 0x20080522, 1


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel to send this process a signal when its parent ends; do nothing outside Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def become(user: str) -> None:
    """Turn root into `user`, who keeps nothing of root but the way through closed folders.

    Postgres refuses to run as root, and its data and programs may lie in a folder that only root may enter.
    Without that capability (a confined container) the change of user happens all the same.
    """
    entry = pwd.getpwnam(user)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    # Without this bit access(2), by which initdb looks for its sister programs, would not heed the capability.
    libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    bit = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    if libc.capset(header, (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)) == 0:
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def main() -> None:
    """Tie this process to its parent and become the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", type=int, default=signal.SIGKILL)
    parser.add_argument("--user")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.user:
        become(options.user)
    die_with_parent(options.signal)
    if os.getppid() != options.parent:
        sys.exit("the process that asked for this command has ended")
    command = options.command[1:] if options.command[0] == "--" else options.command
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
