"""What SGLang is told of an external package, found in its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.errors import InvalidSubmissionError
from evals.spec import EngineSpec
from workers.external_models import MODELS, MULTIMODAL, PROCESSORS, external_variables

MODEL = "class Seeing(Base):\n    pass\n\n\nEntryClass = Seeing\n"
PROCESSOR = "class SeeingProcessor(QwenVLImageProcessor):\n    models = [Seeing]\n"
ELSEWHERE = "class P(base.BaseMultimodalProcessor):\n    models: list = [model.Seeing, model.Hearing]\n"


def package(folder: Path, **files: str) -> Path:
    root = folder / "brought"
    for name, text in {"__init__": "", **files}.items():
        path = root / f"{name.replace('__in__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def variables(folder: Path, *architectures: str, processor: bool | None = None) -> dict[str, str]:
    spec = EngineSpec(
        kind="sglang", external_package=str(folder), external_processor=processor, architectures=architectures
    )
    return external_variables(spec)


def test_a_text_model_needs_its_package_alone(tmp_path: Path) -> None:
    assert variables(package(tmp_path, model=MODEL), "Seeing") == {MODELS: "brought"}
    assert external_variables(EngineSpec(kind="sglang")) == {}


def test_a_processor_beside_the_model_makes_its_architecture_multimodal(tmp_path: Path) -> None:
    found = variables(package(tmp_path, model=MODEL, processor=PROCESSOR))
    assert found == {MODELS: "brought", PROCESSORS: "brought", MULTIMODAL: "Seeing"}


def test_a_processor_in_a_package_inside_is_named_with_it(tmp_path: Path) -> None:
    inside = {"processors__in____init__": "", "processors__in__one": ELSEWHERE}
    found = variables(package(tmp_path, model=MODEL, **inside), "Hearing")
    assert found == {MODELS: "brought", PROCESSORS: "brought.processors", MULTIMODAL: "Hearing"}


def test_of_two_multimodal_architectures_the_submission_names_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidSubmissionError, match="Seeing, Hearing"):
        variables(package(tmp_path, processor=ELSEWHERE))


def test_two_packages_with_processors_are_more_than_sglang_takes(tmp_path: Path) -> None:
    inside = {"more__in____init__": "", "more__in__one": ELSEWHERE}
    with pytest.raises(InvalidSubmissionError, match=r"brought and brought\.more"):
        variables(package(tmp_path, processor=PROCESSOR, **inside), "Seeing")


def test_a_submission_may_say_what_the_files_do_not_show(tmp_path: Path) -> None:
    made_by_code = package(tmp_path, model=MODEL, processor="P = type('P', (Base,), {'models': [Seeing]})\n")
    assert variables(made_by_code, "Seeing") == {MODELS: "brought"}
    named = variables(made_by_code, "Seeing", processor=True)
    assert named == {MODELS: "brought", PROCESSORS: "brought", MULTIMODAL: "Seeing"}
    with pytest.raises(InvalidSubmissionError, match="one architecture"):
        variables(made_by_code, processor=True)
    assert variables(package(tmp_path, model=MODEL, processor=PROCESSOR), processor=False) == {MODELS: "brought"}


def test_what_does_not_parse_is_said_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidSubmissionError, match=r"broken\.py is no Python: line 2"):
        variables(package(tmp_path, broken="x = 1\nclass (\n"))


def test_nothing_of_a_package_is_executed(tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'trap')!r}, 'w')\n"
    variables(package(tmp_path, model=trap, processor=trap + PROCESSOR))
    assert not (tmp_path / "trap").exists()
