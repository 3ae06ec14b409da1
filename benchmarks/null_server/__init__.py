"""A null LLM server in C: it answers like SGLang and computes nothing, so that a client's own cost shows."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCES = Path(__file__).parent


class NoCompilerError(RuntimeError):
    """The null server is C and needs a compiler to be built: `apt-get install gcc` or the like."""


def build(name: str, folder: Path) -> Path:
    """Compile `nullserver` or `nullload` (the fastest client there can be) into a folder; raises NoCompilerError."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompilerError(NoCompilerError.__doc__)
    program = folder / name
    subprocess.run([compiler, "-O2", "-o", program, SOURCES / f"{name}.c"], check=True)
    return program


@contextmanager
def null_server(program: Path, *arguments: str | Path) -> Iterator[int]:
    """Run the server, yield its port, stop it; what `--log` names is complete after that."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [program, "--port", str(port), *arguments]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_it_listens(port)
        yield port
    finally:
        os.kill(server.pid, signal.SIGTERM)
        server.wait()


def _wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 5
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
