"""Call functions in a process of their own, so that nothing else shares its interpreter and it can be ended at once.

The caller may be a worker whose own processes are daemons, and a function may start processes itself: therefore a
fresh interpreter, not multiprocessing. It ends with its caller, whatever becomes of that.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from evals.carried_errors import CarriedError
from evals.errors import InternalError, PlumblineError

P = ParamSpec("P")
Result = TypeVar("Result")

_LOOK_EVERY_S = 0.2
_READ_BYTES = 1 << 20
_EXCERPT = 2000
_SIZE_BYTES = 8


class Apart:
    """Call functions apart, one at a time; check: raises to end the process, and is asked several times a second."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._process: subprocess.Popen[bytes] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._said.close()

    def call(self, limit_s: float, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Return what a function of a module returns for arguments that can be pickled; its prints go nowhere.

        Raises its PlumblineError, TimeoutError after limit_s seconds, and InternalError when the process ended.
        """
        self._process = self._process or self._started()
        try:
            answer = self._answer(self._process, pickle.dumps((function, args, kwargs)), time.monotonic() + limit_s)
        except BaseException:
            self._end()
            raise
        result: Any = pickle.loads(answer)  # our own process wrote it
        if isinstance(result, CarriedError):
            raise result.unpacked()
        return result  # type: ignore[no-any-return]  # what the function returned

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "evals.duel.apart"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
        )

    def _answer(self, process: subprocess.Popen[bytes], question: bytes, end: float) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(_framed(question))
            process.stdin.flush()
        found = bytearray()
        while len(found) < _SIZE_BYTES or len(found) < _SIZE_BYTES + int.from_bytes(found[:_SIZE_BYTES], "big"):
            self._check()
            if time.monotonic() > end:
                raise TimeoutError
            if select.select([process.stdout], [], [], _LOOK_EVERY_S)[0]:
                read = os.read(process.stdout.fileno(), _READ_BYTES)
                if not read:
                    raise self._gone()
                found += read
        return bytes(found[_SIZE_BYTES:])

    def _end(self) -> None:
        """End the process with all that it started."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self._process = None

    def _gone(self) -> InternalError:
        self._said.seek(0)
        return InternalError(
            "the process of the load generator ended by itself",
            remedy="look for a lack of memory; what it said is in the details",
            said=self._said.read()[-_EXCERPT:].decode("utf-8", "replace"),
        )


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(_SIZE_BYTES, "big") + data


def _main() -> None:
    """Be the process: answer one question after another, until there are no more."""
    answers = os.dup(1)
    os.dup2(2, 1)
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    with os.fdopen(answers, "wb") as file:
        while True:
            function, args, kwargs = pickle.loads(_read(int.from_bytes(_read(_SIZE_BYTES), "big")))
            try:
                result: Any = function(*args, **kwargs)
            except PlumblineError as error:
                result = CarriedError.of(error)
            file.write(_framed(pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)))
            file.flush()


def _read(size: int) -> bytes:
    found = b""
    while len(found) < size:
        read = os.read(0, size - len(found))
        if not read:
            sys.exit()
        found += read
    return found


def _end_with_the_caller() -> None:
    """Wait until nobody can write to stdin any more, reading nothing, and end the whole group."""
    poll = select.poll()
    poll.register(0, 0)
    poll.poll()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    # Under its own name, so that what is pickled here is known there.
    from evals.duel.apart import _main as main

    main()
