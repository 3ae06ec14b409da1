"""Ask a starting engine again and again whether it is ready."""

from __future__ import annotations

import http.client
import threading
from types import TracebackType

from workers.ports import LOOPBACK

PAUSE_S = 0.25
ANSWER_S = 30.0


class ReadinessProbe:
    """Poll an engine's health address in a thread; `is_ready` and `wait()` tell whether it has answered 200.

    The thread keeps slow answers (SGLang generates a token for each) from delaying a cancel. Use as a context.
    """

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._path = path
        self._ready = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="readiness-probe", daemon=True)

    def __enter__(self) -> ReadinessProbe:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the engine is ready, for so long at most; tell whether it is."""
        return self._ready.wait(timeout_s)

    def _poll(self) -> None:
        while not self._stopped.is_set():
            if answers(self._port, self._path):
                self._ready.set()
                return
            self._stopped.wait(PAUSE_S)


def answers(port: int, path: str) -> bool:
    """Tell whether a loopback server answers a GET with status 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
