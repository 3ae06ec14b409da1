"""`python -m evals serving`: a pass from the command line, with its file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from evals.command import serving as command
from evals.errors import InvalidSubmissionError
from evals.serving.keeping import Kept
from evals.serving.load import Endpoint
from evals.serving.streams import Ending
from evals.serving.tries import Ask, Try
from tests.unit.evals.serving.scripted import native_stream, serving, whole


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_a_pass_is_run_printed_and_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pass.json"
    lengths = ["--input-len", "5", "--output-len", "3", "--api-key", "secret", "--goodput", "ttft:5000"]
    with serving(whole) as (url, met):
        words = ["--base-url", url, "--concurrency", "2", "--requests", "30", "--json", str(file), *lengths]
        assert command.run(parsed(*words)) == 0
    printed, stored = json.loads(capsys.readouterr().out), json.loads(file.read_text())
    assert printed == stored["summary"]
    assert printed["outcomes"]["whole"] == 30
    assert printed["whole"]["goodput_share"] == 1.0
    assert len(met.bodies) == 31  # and the small one before
    assert len(stored["requests"]) == 30
    first = stored["requests"][0]
    assert first["tokens"][-1] == 3  # on a busy machine several tokens may arrive as one
    assert len(first["at_ns"]) == len(first["tokens"])
    assert (
        0 <= first["sent_ns"] < first["first_byte_ns"] <= first["at_ns"][0] <= first["at_ns"][-1] <= first["ended_ns"]
    )
    assert "secret" not in file.read_text()
    assert all("Authorization: Bearer secret" in head for head in met.heads)
    assert stored["load"]["seed"] == 1


def test_the_command_line_says_the_whole_load() -> None:
    words = ["--base-url", "http://x/", "--rate", "5", "--poisson", "--concurrency", "7", "--input-len", "3:9"]
    words += ["--shared-prefix-len", "2", "--prefix-groups", "4", "--api", "chat", "--pictures", "1", "--keep-eos"]
    words += ["--seed", "9", "--processes", "2", "--timeout", "3", "--stall", "2", "--retries", "0"]
    load = command.load_of(parsed(*words))
    assert (load.base_url, load.rate, load.poisson, load.concurrency) == ("http://x", 5.0, True, 7)
    assert (load.input_len.low, load.input_len.high, load.output_len.low) == (3, 9, 64)
    assert (load.shared_prefix_len, load.prefix_groups, load.endpoint) == (2, 4, Endpoint.CHAT)
    assert (load.pictures, load.force_lengths, load.seed, load.processes) == (1, False, 9, 2)
    assert (load.timeout_s, load.stall_s, load.retries) == (3.0, 2.0, 0)


def test_a_file_that_cannot_be_written_is_said_before_the_pass(tmp_path: Path) -> None:
    words = ["--base-url", "http://127.0.0.1:9", "--concurrency", "1", "--json", str(tmp_path / "no" / "pass.json")]
    with pytest.raises(InvalidSubmissionError, match="no folder"):
        command.run(parsed(*words))


def kept(budget_bytes: int) -> Kept:
    found = Kept(Endpoint.NATIVE, budget_bytes=budget_bytes)
    for index in (2, 0, 1):
        reads = native_stream(3)
        ask = Ask(index=index, message=b"", input_len=5, output_len=3)
        stamps = list(range(10, 10 + len(reads)))
        found.add(Try(ask=ask, sent_ns=1, ended_ns=20, stamps=stamps, reads=reads, ending=Ending.WHOLE))
    return found


def test_answers_are_read_early_when_memory_is_short_and_come_out_the_same() -> None:
    roomy, narrow = kept(10**9), kept(500)
    assert (roomy.read_early, narrow.read_early) == (0, 3)
    for one, other in zip(roomy.records(), narrow.records(), strict=True):
        assert one.index == other.index
        assert one.at_ns.tolist() == other.at_ns.tolist() == [11, 12, 13]
        assert one.tokens.tolist() == other.tokens.tolist() == [1, 2, 3]
