"""What a worker's pool process does at birth: it must not outlive its parent, nor share the parent's connections."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
from typing import Any

from celery.signals import after_setup_logger, worker_process_init

from db.session import forget_connections

_PR_SET_PDEATHSIG = 1


@worker_process_init.connect
def prepare(**_: Any) -> None:
    """Die with the parent (a killed worker must leave no half-alive pool), and open connections afresh."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        os._exit(1)
    # The harness and its data loader draw progress bars, which a log file cannot use.
    os.environ["TQDM_DISABLE"] = "1"
    forget_connections()


@after_setup_logger.connect
def quieten(**_: Any) -> None:
    """Keep Celery's two lines for each message out of the log (34,000 a day of reconcile alone), and httpx's."""
    for name in ("celery.worker.strategy", "celery.app.trace", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
