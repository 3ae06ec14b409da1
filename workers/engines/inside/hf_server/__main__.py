"""Start the server: bind the port, load the model, answer until told to stop.

Run with this package's parent folder on PYTHONPATH:

    python -m hf_server --model-path DIR --port 30000 --device cpu --dtype float32
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Sequence

from .arguments import Arguments, parse_arguments
from .errors import BadArgumentError, ModelLoadFailedError, PortInUseError, StartupError


def main(argv: Sequence[str] | None = None) -> int:
    """Run until the server ends; return the exit code, and leave one clear last line where it could not start."""
    try:
        arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
        listener = bind(arguments.host, arguments.port)
        serve(arguments, listener)
    except StartupError as error:
        sys.stdout.flush()
        print(f"hf_server: {error.name}: {error}", file=sys.stderr, flush=True)
        return 2 if isinstance(error, BadArgumentError) else 1
    return 0


def bind(host: str, port: int) -> socket.socket:
    """Take the port before the model is loaded, so that a wrong port fails at once."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise PortInUseError(f"cannot listen on {host}:{port}: {error}; choose another --port") from error
    return listener


def serve(arguments: Arguments, listener: socket.socket) -> None:
    """Load the model in the background while the port already answers 503, then serve."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's threads else spin, and starve on a busy machine
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        from . import torchvision_operators

        torchvision_operators.declare()
        from .service import run

        run(arguments, listener)
    except ImportError as error:
        raise ModelLoadFailedError(f"a package is missing in this environment: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
