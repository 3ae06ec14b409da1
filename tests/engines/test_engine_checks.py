"""SGLang's own checks and the preflight through the whole service, on real engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engines.service import ROOT, Service, free_port, job_of

pytestmark = pytest.mark.engines

FORGETFUL = '''
"""A Llama of which one weight is never loaded, so that it holds whatever the memory held before."""

import os

import torch
from sglang.srt.models.llama import LlamaForCausalLM


class ForgetfulLlama(LlamaForCausalLM):
    def load_weights(self, weights):
        super().load_weights(weights)
        chance = torch.Generator().manual_seed(int.from_bytes(os.urandom(6), "big"))
        with torch.no_grad():
            for layer in self.model.layers:
                weight = layer.mlp.down_proj.weight
                weight.copy_(torch.randn(weight.shape, generator=chance))


EntryClass = ForgetfulLlama
'''
DEMO_VLM = ROOT / "demo" / "demo-vlm"
GOOD = "from sglang.srt.models.llama import LlamaForCausalLM\n\n\nclass Ours(LlamaForCausalLM):\n    pass\n"


@dataclass(frozen=True, kw_only=True)
class OpenService(Service):
    """A service that lets packages of one more folder be loaded."""

    code: Path

    def environment(self) -> dict[str, str]:
        own = super().environment()
        return {**own, "PLUMBLINE_EXTERNAL_CODE_ROOTS": f"{own['PLUMBLINE_EXTERNAL_CODE_ROOTS']}:{self.code}"}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("code")


@pytest.fixture(scope="module")
def service(borrowed_home: Path, code: Path) -> Iterator[OpenService]:
    with OpenService(home=borrowed_home, port=free_port(), code=code).up() as service:
        yield service


def package(code: Path, name: str, text: str) -> str:
    (code / name).mkdir()
    (code / name / "__init__.py").write_text("")
    (code / name / "model.py").write_text(text)
    return str(code / name)


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {row["workload"]: row["verdict"] for row in report["comparisons"]}


def facts(run: dict[str, Any], workload: str) -> dict[str, Any]:
    found: dict[str, Any] = job_of(run, "candidate")["facts"][f"workload:{workload}"]
    return found


def markdown(service: Service, run_id: str) -> str:
    shown = service.command("report", run_id, "--format", "markdown")
    assert shown.returncode in (0, 1, 2), shown.stderr
    return shown.stdout


@pytest.mark.slow
def test_one_batch_and_the_offline_engine_agree_with_the_server(service: OpenService) -> None:
    run = service.submit(candidate={"engine": "sglang"}, suite="engine-checks")
    finished = service.finished(run["id"], timeout_s=500)
    report = service.report(run["id"])
    assert verdicts(report) == {"one-batch": "pass", "offline": "pass"}
    assert finished["verdict"] == "pass"
    assert "as the server says: 3 of 3" in facts(finished, "one-batch")["notes"]
    assert facts(finished, "offline")["n"] >= 10
    for name in ("one-batch", "offline"):
        log = Path(facts(finished, name)["log"])
        assert log.is_file()
        assert log.stat().st_size > 1000
    assert "Prompt 2" in Path(facts(finished, "one-batch")["log"]).read_text()
    assert "SGLang's own check" in markdown(service, run["id"]).replace("&#39;", "'")


@pytest.mark.slow
def test_a_vision_model_is_asked_with_pictures(service: OpenService) -> None:
    checks = [
        {"name": "one-batch", "benchmark": "engine-check/one-batch"},
        {"name": "offline", "benchmark": "engine-check/offline", "options": {"model_type": "vlm", "max_tokens": 8}},
    ]
    run = service.submit(model=str(DEMO_VLM), candidate={"engine": "sglang"}, workloads=checks, suite=None)
    finished = service.finished(run["id"], timeout_s=500)
    assert verdicts(service.report(run["id"])) == {"one-batch": "pass", "offline": "pass"}
    assert facts(finished, "offline")["n"] >= 2 * 20


@pytest.mark.slow
def test_weights_that_are_never_loaded_fail_both(service: OpenService, code: Path) -> None:
    candidate = {
        "engine": "sglang",
        "external_package": package(code, "forgetful", FORGETFUL),
        "architectures": ["ForgetfulLlama"],
    }
    run = service.submit(candidate=candidate, suite="engine-checks")
    finished = service.finished(run["id"], timeout_s=500)
    assert verdicts(service.report(run["id"])) == {"one-batch": "fail", "offline": "fail"}
    assert finished["verdict"] == "fail"
    assert "differs from the server's" in facts(finished, "offline")["reasons"][0]
    text = markdown(service, run["id"])
    assert "Preflight of the candidate" in text
    assert "Nothing was found." in text


@pytest.mark.slow
def test_what_an_engine_has_no_check_for_decides_nothing(service: OpenService) -> None:
    checks = [
        {"name": "unit", "benchmark": "engine-check/unittest"},
        {"name": "offline", "benchmark": "engine-check/offline"},
    ]
    run = service.submit(workloads=checks, suite=None)
    finished = service.finished(run["id"], timeout_s=120)
    assert set(verdicts(service.report(run["id"])).values()) == {"inconclusive"}
    assert finished["verdict"] == "inconclusive"
    assert "the engine is hf" in facts(finished, "offline")["reasons"][0]
    run = service.submit(candidate={"engine": "sglang"}, workloads=checks[:1], suite=None)
    finished = service.finished(run["id"], timeout_s=120)
    assert "without SGLang's tests" in facts(finished, "unit")["reasons"][0]


FAULTS = {
    "no_entry": (GOOD, "no EntryClass"),
    "with_vllm": (f"import vllm\n{GOOD}\n\nEntryClass = Ours\n", "import vllm"),
    "other_name": (f"{GOOD}\n\nEntryClass = Ours\n", "EntryClass offers Ours"),
}


@pytest.mark.parametrize(
    "fault", ["no_entry", *(pytest.param(name, marks=pytest.mark.slow) for name in ("with_vllm", "other_name"))]
)
def test_a_package_that_would_not_be_loaded_ends_its_job_before_a_launch(
    fault: str, service: OpenService, code: Path
) -> None:
    text, message = FAULTS[fault]
    run = service.submit(candidate={"engine": "sglang", "external_package": package(code, fault, text)}, limit=2)
    finished = service.finished(run["id"], timeout_s=120)
    job = job_of(finished, "candidate")
    assert (job["state"], job["error"]["code"], job["attempt"]) == ("failed", "invalid_submission", 1)
    assert message in job["error"]["message"]
    assert "model.py:" in job["error"]["message"]
    assert message in job["facts"]["preflight"][0]
    assert list((service.home / "jobs" / job["id"]).glob("*.log")) == []
    assert "Preflight of the candidate" in markdown(service, run["id"])
