"""What a serving workload can be told, and its reading out of a workload's options."""

from __future__ import annotations

from dataclasses import dataclass

SERVING = "serving"
"""The benchmark's name of a serving workload, and its metric."""


@dataclass(frozen=True, kw_only=True)
class ServingSettings:
    """Say what load is put to both servers, and how long they are compared.

    concurrency: levels of requests in flight, as in "1,8,32"; each is a pass of its own in every round. rate:
    requests/s instead (Poisson arrivals). requests: of each pass. input_len, output_len: for `evals.serving.lengths`.
    shared_prefix_len, prefix_groups: as in a Load. limits: of the goodput, as in "ttft:200 itl:50". min_rounds,
    max_rounds: the first and the last look at the ratios (see `evals.duel.stopping`). max_warmups: passes of each side
    that may go by until it is stable. launch: "together" keeps both servers up and lets one rest while the other is
    measured, "alternate" launches them in turn, "auto" does the former on CPUs and the latter on GPUs. processes: of
    the client. cross_check: whether SGLang's own benchmark clients are run too. seed: of lengths, inputs and order.
    """

    concurrency: str = "8"
    rate: float | None = None
    requests: int = 64
    input_len: str = "256"
    output_len: str = "64"
    shared_prefix_len: int = 0
    prefix_groups: int = 1
    limits: str = ""
    min_rounds: int = 6
    max_rounds: int = 24
    max_warmups: int = 6
    launch: str = "auto"
    processes: int = 1
    cross_check: bool = False
    seed: int = 1234


def is_serving(benchmark: str) -> bool:
    """Tell whether a workload's benchmark is the serving duel."""
    return benchmark == SERVING
