"""Choose a TCP port for an engine, and see who listens on it."""

from __future__ import annotations

import socket

import psutil

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port of the loopback address on which nobody listens now."""
    with socket.socket() as candidate:
        candidate.bind((LOOPBACK, 0))
        return int(candidate.getsockname()[1])


def is_ours(port: int, root_pid: int) -> bool:
    """Tell whether a process or one of its descendants listens on a port.

    A stranger may take the port between its choice and the engine's start; its /health must not pass for the engine's.
    """
    try:
        root = psutil.Process(root_pid)
        return any(_listens(process, port) for process in [root, *root.children(recursive=True)])
    except psutil.NoSuchProcess:
        return False


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        sockets = process.net_connections(kind="tcp")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return any(entry.status == psutil.CONN_LISTEN and entry.laddr and entry.laddr.port == port for entry in sockets)
