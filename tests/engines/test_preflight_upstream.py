"""The preflight over every model file of the installed SGLang: it must not cry wolf.

Its first rules said something about 60 of 255 files, and errors about 27. Where rules were at fault they were mended;
what is left concerns 44 files, errors 5 of them, each with its reason in `upstream_exceptions`.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from db.settings import Settings
from evals.preflight.check import Preflight, check_model
from evals.preflight.places import library_of
from evals.spec import EngineSpec
from tests.engines.upstream_exceptions import EXCEPTIONS
from workers.engines.environments import environment_for

pytestmark = pytest.mark.engines
VERSION = "0.5.23"


@pytest.fixture(scope="module")
def sglang(borrowed_home: Path) -> Path:
    environment = environment_for(EngineSpec(kind="sglang"), Settings(home=borrowed_home))
    if environment.versions["sglang"] != VERSION or environment.package is None:
        pytest.skip(f"the exceptions are those of SGLang {VERSION}, and {environment.versions['sglang']} is installed")
    return environment.package


@pytest.fixture(scope="module")
def checked(sglang: Path) -> dict[str, Preflight]:
    library = library_of(sglang)
    files = sorted((sglang / "srt" / "models").glob("*.py"))
    return {file.name: check_model(file, sglang=library) for file in files}


def test_every_finding_in_sglangs_own_models_is_explained(checked: dict[str, Preflight]) -> None:
    found = Counter(
        (finding.file.name, finding.severity.value, finding.rule)
        for preflight in checked.values()
        for finding in preflight.findings
    )
    assert found == {key: number for key, (number, _) in EXCEPTIONS.items()}
    assert all(reason for _, reason in EXCEPTIONS.values())


def test_a_file_is_told_about_itself_alone(checked: dict[str, Preflight]) -> None:
    assert all(finding.file.name == name for name, preflight in checked.items() for finding in preflight.findings)


def test_five_of_six_models_are_free_of_findings_and_nearly_all_of_errors(checked: dict[str, Preflight]) -> None:
    models = [preflight for preflight in checked.values() if preflight.models]
    assert len(checked) == 255
    assert len(models) == 225
    assert sum(not preflight.errors for preflight in models) / len(models) > 0.97
    assert sum(not preflight.findings for preflight in models) / len(models) > 5 / 6
    assert not any(preflight.pointless for preflight in checked.values())


@pytest.mark.parametrize(
    ("name", "old", "new", "rule"),
    [
        ("qwen3.py", "EntryClass = Qwen3ForCausalLM", "", "entry-class"),
        ("qwen3.py", "from sglang.srt.layers.pooler", "from vllm.pooler", "vllm"),
        ("qwen3.py", "= LogitsProcessor(config)", "= None", "logits-processor"),
        ("qwen3.py", "def load_weights(", "def read_weights(", "load-weights"),
        ("qwen3.py", "            layer_id=layer_id,\n", "", "attention"),
        ("qwen2_5_vl.py", "def pad_input_ids(", "def pad_ids(", "pad-input-ids"),
        ("qwen2_5_vl.py", "def get_image_feature(", "def image_feature(", "features"),
        ("qwen2_5_vl.py", "Qwen2_5_VLForConditionalGeneration", "NewForConditionalGeneration", "processor"),
    ],
)  # fmt: skip
def test_a_fault_in_a_copy_of_a_real_model_is_found(
    sglang: Path, tmp_path: Path, name: str, old: str, new: str, rule: str
) -> None:
    text = (sglang / "srt" / "models" / name).read_text()
    assert old in text
    good, bad = tmp_path / "good" / name, tmp_path / "bad" / name
    for file in (good, bad):
        file.parent.mkdir()
        shutil.copyfile(sglang / "srt" / "models" / name, file)
    bad.write_text(text.replace(old, new))
    library = library_of(sglang)
    config = {"vision_config": {"depth": 32}} if "vl" in name else None
    before, after = (check_model(file, sglang=library, config=config) for file in (good, bad))
    assert rule not in {finding.rule for finding in before.findings}
    assert rule in {finding.rule for finding in after.findings}
