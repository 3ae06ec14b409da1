"""Each way an engine dies, in the words that real engines leave in their logs."""

from __future__ import annotations

from typing import Any

import pytest

from evals.errors import (
    ArchitectureError,
    EngineArgumentError,
    EngineDiedError,
    EngineNotInstalledError,
    ModelBrokenError,
    ModelNotFoundError,
    OutOfMemoryError,
    PlumblineError,
    PortTakenError,
)
from workers.diagnosis import Death, diagnose, is_bind_error

SELF_KILL = (
    "[2026-11-23 18:17:41] Received sigquit from a child process. It usually means the child failed.",
    "[2026-11-23 18:17:41] kill_process_tree called: parent_pid=8563, include_parent=True, pid=8563",
)


def died(*lines: str, exit_status: int | None = 1, **fields: Any) -> PlumblineError:
    return diagnose(Death(engine="sglang", exit_status=exit_status, lines=lines, **fields))


def test_an_unknown_argument_is_named_with_the_nearest_one() -> None:
    error = died(
        "usage: sglang serve [-h] --model-path MODEL_PATH",
        "                    [--config CONFIG] [--disable-cuda-graph]",
        "sglang serve: error: unrecognized arguments: --mem-fraction-statik=0.5",
        exit_status=2,
        options=frozenset({"mem-fraction-static", "max-total-tokens"}),
    )
    assert isinstance(error, EngineArgumentError)
    assert error.details["argument"] == "mem-fraction-statik"
    assert "--mem-fraction-static?" in error.remedy
    assert error.details["lines"] == ["sglang serve: error: unrecognized arguments: --mem-fraction-statik=0.5"]


@pytest.mark.parametrize(
    ("line", "argument"),
    [
        (
            "sglang serve: error: argument --schedule-policy: invalid choice: 'lifo' (choose from 'lpm', 'fcfs')",
            "schedule-policy",
        ),
        ("sglang serve: error: argument --context-length: Invalid integer value: 'abc'.", "context-length"),
        (
            "sglang serve: error: argument --tp-size/--tensor-parallel-size: invalid int value: 'x'",
            "tp-size",
        ),
        ("hf_server: BadArgument: --max-batch-size must be at least 1", "max-batch-size"),
        ("hf_server: BadArgument: argument --dtype: invalid choice: 'int3' (choose from 'auto')", "dtype"),
    ],
)
def test_a_refused_value_names_its_argument(line: str, argument: str) -> None:
    error = died(line, exit_status=2)
    assert isinstance(error, EngineArgumentError)
    assert error.details["argument"] == argument


def test_a_module_that_an_engine_passed_over_explains_the_missing_class() -> None:
    passed = "[2026-11-25 17:20:01] Ignore import error when loading {}: No module named 'absent'"
    missing = "ValueError: Cannot find model module. 'Seeing' is not a registered model in the Transformers library"
    ours = died(passed.format("sglang.srt.models.mllama"), passed.format("brought.model"), missing)
    assert isinstance(ours, ArchitectureError)
    assert "could not import brought.model of the external package: No module named 'absent'" in ours.message
    assert "Seeing" in died(passed.format("sglang.srt.models.mllama"), missing).message
    assert isinstance(died(passed.format("brought.model"), "SafetensorError: x"), ModelBrokenError)


def test_a_vision_model_without_a_processor_is_told_what_it_lacks() -> None:
    error = died("ValueError: No processor registered for architecture: ['PicturedQwen'].", "Registered: []")
    assert isinstance(error, ArchitectureError)
    assert error.details["architecture"] == "PicturedQwen"
    assert "processor" in error.message


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (
            "ValueError: Cannot find model module. 'NoSuchForCausalLM' is not a registered model in the Transformers "
            "library (only relevant if the model is meant to be in Transformers)",
            "NoSuchForCausalLM",
        ),
        (
            "ValueError: The checkpoint you are trying to load has model type `nosuchtype` but Transformers does not "
            "recognize this architecture.",
            "nosuchtype",
        ),
        ("hf_server: UnsupportedArchitecture: NoSuchForCausalLM", "NoSuchForCausalLM"),
    ],
)
def test_an_unknown_architecture_is_named(line: str, name: str) -> None:
    error = died(line, *SELF_KILL, exit_status=-9)
    assert isinstance(error, ArchitectureError)
    assert error.details["architecture"] == name


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (
            "safetensors._safetensors_rust.SafetensorError: Error while deserializing header: incomplete metadata",
            ModelBrokenError,
        ),
        ("OSError: It looks like the config file at 'm/config.json' is not a valid JSON file.", ModelBrokenError),
        (
            "OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in the "
            "cached files.",
            ModelNotFoundError,
        ),
        ("hf_server: ModelNotFound: no weights in m", ModelNotFoundError),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB.", OutOfMemoryError),
        ("RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory", OutOfMemoryError),
        (
            "[2026-11-23 18:19:09] ERROR:    [Errno 98] error while attempting to bind on address "
            "('127.0.0.1', 39123): address already in use",
            PortTakenError,
        ),
        ("hf_server: PortInUse: cannot listen on 127.0.0.1:30000", PortTakenError),
    ],
)
def test_the_log_explains_the_death(line: str, kind: type[PlumblineError]) -> None:
    error = died(line, *SELF_KILL, exit_status=-9)
    assert type(error) is kind
    assert error.remedy


def test_a_sigkill_without_a_word_is_the_kernels_for_lack_of_memory() -> None:
    error = died("loading weights", exit_status=-9)
    assert isinstance(error, OutOfMemoryError)
    assert "host's memory" in error.message


def test_a_sigkill_that_the_kernel_did_not_count_is_not_about_memory() -> None:
    assert type(died("serving", exit_status=-9, was_oom_kill=False)) is EngineDiedError


def test_sglang_killing_itself_is_not_about_memory() -> None:
    error = died("AttributeError: 'NoneType' object has no attribute 'shape'", *SELF_KILL, exit_status=-9)
    assert type(error) is EngineDiedError
    assert "no attribute 'shape'" in error.message


def test_sglang_killing_itself_after_a_counted_kill_is_about_memory() -> None:
    assert isinstance(died(*SELF_KILL, exit_status=-9, was_oom_kill=True), OutOfMemoryError)


def test_the_last_traceback_is_told() -> None:
    error = died(
        "Traceback (most recent call last):", "  File a", "KeyError: 'old'", "INFO fine",
        "Traceback (most recent call last):", "  File b", "ZeroDivisionError: division by zero",
    )  # fmt: skip
    assert isinstance(error, EngineDiedError)
    assert error.details["lines"][1:] == ["  File b", "ZeroDivisionError: division by zero"]
    assert error.message.endswith("ZeroDivisionError: division by zero")


def test_a_death_without_any_line_still_says_how_it_ended() -> None:
    assert "SIGSEGV" in died(exit_status=-11).message
    assert "exit status 3" in died(exit_status=3).message
    assert "guards" in died(exit_status=None).message


def test_a_bind_error_is_seen_while_the_engine_hangs() -> None:
    assert is_bind_error(["INFO", "ERROR: [Errno 98] error while attempting to bind: address already in use"])
    assert not is_bind_error(["INFO: Uvicorn running on http://127.0.0.1:30000"])


def test_a_package_that_is_gone_from_the_environment_is_told_with_the_command_that_brings_it_back() -> None:
    error = died("hf_server: ModelLoadFailed: a package is missing in this environment: No module named 'orjson'")
    assert isinstance(error, EngineNotInstalledError)
    assert "orjson" in error.message
    assert "plumbline engines install" in error.remedy


def test_a_start_that_fails_for_an_unforeseen_reason_still_tells_it() -> None:
    error = died("INFO loading", "hf_server: ModelLoadFailed: the moon is full")
    assert isinstance(error, EngineDiedError)
    assert "the moon is full" in error.message
