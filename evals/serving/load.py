"""What one pass asks of a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from evals.errors import InvalidSubmissionError
from evals.serving.lengths import Lengths, fixed


class Endpoint(StrEnum):
    """Through which endpoint a server is loaded: SGLang's own takes token ids, the other two take text."""

    NATIVE = "native"
    COMPLETIONS = "completions"
    CHAT = "chat"


PATHS = {
    Endpoint.NATIVE: "/generate",
    Endpoint.COMPLETIONS: "/v1/completions",
    Endpoint.CHAT: "/v1/chat/completions",
}


@dataclass(frozen=True, kw_only=True)
class Load:
    """Say what is asked, how much of it, and when.

    concurrency: without a rate or a trace, how many requests are always in flight (closed loop); with one, the most
    that may be (None: no limit), and a request that waits for a place is late from its scheduled time on. rate:
    requests/s, at even distances or `poisson`. trace: a file of arrival times and lengths; a rate replaces its times,
    trace_speed > 1 replays it faster. conversations: a ShareGPT-like file whose first turns are asked.
    shared_prefix_len: how many of the input's tokens all requests of one of the prefix_groups begin with. pictures: how
    many images of picture_px a side a chat request shows. force_lengths: ask the server to go on after the end token.
    count_events: ask OpenAI's endpoints for counts in every event. timeout_s: for one try; stall_s: between two bytes
    of an answer. retries: how often a request that the server refused for want of room (429, 503) is sent again.
    """

    base_url: str
    requests: int
    endpoint: Endpoint = Endpoint.NATIVE
    model: str = "default"
    concurrency: int | None = None
    rate: float | None = None
    poisson: bool = False
    trace: Path | None = None
    trace_speed: float = 1.0
    conversations: Path | None = None
    input_len: Lengths = field(default_factory=lambda: fixed(256))
    output_len: Lengths = field(default_factory=lambda: fixed(64))
    shared_prefix_len: int = 0
    prefix_groups: int = 1
    pictures: int = 0
    picture_px: int = 224
    tokenizer: Path | None = None
    force_lengths: bool = True
    count_events: bool = True
    seed: int = 1
    processes: int = 1
    timeout_s: float = 600.0
    stall_s: float = 60.0
    retries: int = 3
    api_key: str | None = field(default=None, repr=False)

    @property
    def is_closed(self) -> bool:
        """Tell whether a request is sent when another has ended, and not at a time of its own."""
        return self.rate is None and self.trace is None


def check_load(load: Load) -> Load:
    """Return a load that makes sense; raises InvalidSubmissionError with what does not."""
    for wrong, message, remedy in _faults(load):
        if wrong:
            raise InvalidSubmissionError(message, remedy=remedy)
    return load


def _faults(load: Load) -> list[tuple[bool, str, str]]:
    shortest = load.input_len.low
    return [
        (load.requests < 1, "a pass needs at least one request", "--requests 100"),
        (not load.base_url.startswith(("http://", "https://")), "the address is no URL", "--base-url http://HOST:PORT"),
        (load.is_closed and load.concurrency is None, "nothing says when requests are sent",
         "--concurrency N (closed loop), --rate R, or --trace FILE"),
        (load.concurrency is not None and load.concurrency < load.processes,
         "fewer requests at once than processes", "a lower --processes or a higher --concurrency"),
        (load.rate is not None and not 0 < load.rate < 1e6, "the rate is no number of requests/s", "--rate 20"),
        (load.poisson and load.rate is None, "a Poisson schedule needs its rate", "--rate R --poisson"),
        (not load.trace_speed > 0, "the trace's speed must be above zero", "--trace-speed 1"),
        (load.trace is not None and load.conversations is not None, "both files say what is asked",
         "either --trace or --conversations"),
        (load.shared_prefix_len >= shortest and load.shared_prefix_len > 0 and load.trace is None,
         f"a shared prefix of {load.shared_prefix_len} tokens leaves nothing of an input of {shortest}",
         "the prefix is part of the input: a longer --input-len or a shorter --shared-prefix-len"),
        (load.pictures > 0 and load.endpoint is not Endpoint.CHAT, "only chats show pictures", "--api chat"),
        (load.processes < 1 or load.prefix_groups < 1, "processes and prefix groups begin at one", "leave them out"),
        (min(load.timeout_s, load.stall_s) <= 0, "a time limit must be above zero", "--timeout 600 --stall 60"),
        (load.retries < 0, "retries cannot be fewer than none", "--retries 0"),
    ]  # fmt: skip
