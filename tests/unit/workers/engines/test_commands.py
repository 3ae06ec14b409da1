"""The command lines and variables that start engines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evals.errors import EngineArgumentError
from evals.spec import EngineSpec, ModelSpec
from workers.engines.base import INSIDE, flags
from workers.engines.options import check_options, options_in_help
from workers.engines.registry import local_engine

PYTHON = Path("/env/bin/python")
MODEL = ModelSpec(path="/models/m")


def command(spec: EngineSpec, model: ModelSpec = MODEL) -> list[str]:
    return local_engine(spec.kind).command(spec, model, port=30000, interpreter=PYTHON)


def test_values_stay_values_whatever_they_look_like() -> None:
    assert flags({"a": "--port", "b": True, "c": False, "d": 0, "e": "x y"}) == [
        "--a=--port",
        "--b",
        "--d=0",
        "--e=x y",
    ]


@pytest.mark.parametrize("kind", ["sglang", "hf"])
def test_engines_listen_on_the_loopback_address_alone(kind: str) -> None:
    words = command(EngineSpec(kind=kind))
    assert words[0] == str(PYTHON)
    assert {"--host=127.0.0.1", "--port=30000", "--model-path=/models/m", "--device=cpu"} <= set(words)


@pytest.mark.parametrize("kind", ["sglang", "hf"])
def test_on_a_cpu_auto_means_float32(kind: str) -> None:
    assert "--dtype=float32" in command(EngineSpec(kind=kind))
    assert "--dtype=bfloat16" in command(EngineSpec(kind=kind, dtype="bfloat16"))
    assert "--dtype=auto" in command(EngineSpec(kind=kind, device="cuda", gpus=1))


def test_sglang_on_a_cpu_bounds_its_cache_unless_told_otherwise() -> None:
    assert "--max-total-tokens=16384" in command(EngineSpec(kind="sglang"))
    words = command(EngineSpec(kind="sglang", args={"max-total-tokens": 99, "sleep-on-idle": False}))
    assert "--max-total-tokens=99" in words
    assert "--sleep-on-idle" not in words
    assert not [word for word in command(EngineSpec(kind="sglang", device="cuda", gpus=1)) if "max-total" in word]


def test_sglang_uses_all_gpus_it_holds_unless_told_how() -> None:
    assert "--tp-size=2" in command(EngineSpec(kind="sglang", device="cuda", gpus=2))
    words = command(EngineSpec(kind="sglang", device="cuda", gpus=2, args={"data-parallel-size": 2}))
    assert not [word for word in words if "tp-size" in word]


def test_an_external_package_is_found_by_its_parent_after_our_own_shim() -> None:
    spec = EngineSpec(kind="sglang", external_package="/srv/code/wrapper", architectures=("LlamaWrapper",))
    variables = local_engine("sglang").environment(spec)
    assert variables["SGLANG_EXTERNAL_MODEL_PACKAGE"] == "wrapper"
    shim, parent = variables["PYTHONPATH"].split(":")
    assert shim.endswith("inside/sglang_cpu")
    assert parent == "/srv/code"
    assert '--json-model-override-args={"architectures": ["LlamaWrapper"]}' in command(spec)


def test_the_cpu_shim_stays_away_from_gpus() -> None:
    assert local_engine("sglang").environment(EngineSpec(kind="sglang", device="cuda", gpus=1)) == {}


def test_a_revision_is_passed_on() -> None:
    assert "--revision=abc" in command(EngineSpec(kind="sglang"), ModelSpec(path="org/name", revision="abc"))


PARSE = "import sys; from hf_server.arguments import parse_arguments; parse_arguments(sys.argv[1:])"
HELP = """usage: x [-h] --model-path MODEL_PATH [--unseen-in-list]

options:
  -h, --help            show this help message and exit
  --model-path MODEL_PATH, --model MODEL_PATH
                        The path; see also --not-an-option.
  --enable-x, --no-enable-x
  --tp-size TP_SIZE, --tensor-parallel-size TP_SIZE   Text with --also-not.
"""


def test_options_are_read_from_help() -> None:
    assert options_in_help(HELP) == {
        "help", "model-path", "model", "enable-x", "no-enable-x", "tp-size", "tensor-parallel-size"
    }  # fmt: skip


def test_an_abbreviation_is_refused_with_the_full_name() -> None:
    spec = EngineSpec(kind="sglang", args={"tensor-parallel-siz": 1})
    with pytest.raises(EngineArgumentError, match="--tensor-parallel-siz") as caught:
        check_options(spec, options_in_help(HELP))
    assert caught.value.details["nearest"] == "tensor-parallel-size"
    assert "--tensor-parallel-size?" in caught.value.remedy


def test_without_known_options_every_argument_is_refused() -> None:
    check_options(EngineSpec(kind="sglang"), frozenset())
    with pytest.raises(EngineArgumentError, match="not known") as caught:
        check_options(EngineSpec(kind="sglang", device="cuda", gpus=1, args={"anything": 1}), frozenset())
    assert "plumbline engines install sglang --device cuda" in caught.value.remedy


def test_hf_server_takes_no_abbreviations() -> None:
    command = [sys.executable, "-c", PARSE, "--model-path=m", "--trust-rem"]
    done = subprocess.run(command, env={"PYTHONPATH": str(INSIDE)}, capture_output=True, text=True, check=False)
    assert "BadArgumentError: unrecognized arguments: --trust-rem" in done.stderr
