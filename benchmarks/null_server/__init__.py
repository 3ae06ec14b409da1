"""A null LLM server in C: it answers like SGLang and computes nothing, so that a client's own cost shows."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).parent / "nullserver.c"


class NoCompilerError(RuntimeError):
    """The null server is C and needs a compiler to be built: `apt-get install gcc` or the like."""


@contextmanager
def null_server(*arguments: str) -> Iterator[str]:
    """Compile and run the server, yield its base URL, stop it; raises NoCompilerError."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompilerError(NoCompilerError.__doc__)
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "nullserver"
        subprocess.run([compiler, "-O2", "-o", str(program), str(SOURCE)], check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen([str(program), "--port", str(port), *arguments], stdout=subprocess.DEVNULL)
        try:
            _wait_until_it_listens(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
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
