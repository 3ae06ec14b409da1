"""What this machine offers: GPUs, free ports, and whether an address answers."""

from __future__ import annotations

import http.client
import socket
import urllib.error
import urllib.request
from contextlib import suppress


def gpu_names() -> list[str]:
    """Return the names of the NVIDIA GPUs; none without a driver, or without the worker's packages."""
    try:
        from workers.gpus import list_gpus
    except ImportError:
        return []
    return [gpu.name for gpu in list_gpus()]


def port_is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen on this address now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def answers(url: str, *, timeout_s: float = 2.0) -> bool:
    """Tell whether a GET of `url` is answered with status 200; no proxy is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with suppress(urllib.error.URLError, OSError, http.client.HTTPException), opener.open(url, timeout=timeout_s) as it:
        return bool(it.status == 200)
    return False
