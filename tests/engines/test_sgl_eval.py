"""On real engines sgl-eval's command line and we hear the same answers and come to the same scores, item by item."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from db.settings import Settings
from evals.spec import EngineSpec, ModelSpec
from tests.engines.service import ROOT
from tests.integration.workers.sgl_eval_world import (
    DEMO,
    Heard,
    installed_settings,
    judgement,
    judgements,
    run_ours,
    run_theirs,
    workload,
)
from workers.server import Server, running

pytestmark = pytest.mark.engines

LIMIT = 64


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DEMO / name).read_text().splitlines()]


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"--from-dataset={path}"


def math_row(item: dict[str, Any]) -> dict[str, Any]:
    return {"problem": item["question"], "expected_answer": int(item["answer"].rpartition("#### ")[2])}


def choice_row(item: dict[str, Any]) -> dict[str, Any]:
    options = [f"{letter}) {choice}" for letter, choice in zip("ABCD", item["choices"], strict=True)]
    return {"problem": "\n".join([item["question"], "", *options]), "expected_answer": "ABCD"[item["answer"]]}


@pytest.mark.parametrize("engine_server", ["sglang", pytest.param("hf", marks=pytest.mark.slow)], indirect=True)
@pytest.mark.parametrize(
    ("name", "row"), [pytest.param("gsm8k", math_row, marks=pytest.mark.slow), ("mmlu", choice_row)]
)
def test_texts_are_judged_as_by_sgl_evals_command_line(
    name: str, row: Any, engine_server: Server, tmp_path: Path
) -> None:
    installed_settings()
    items, model = read(f"{name}/test.jsonl")[:LIMIT], engine_server.served_model
    source = write(tmp_path / "items.jsonl", [row(item) for item in items])
    options = (source, "--max-tokens=128", f"--model={model}")
    theirs = run_theirs(name, engine_server.base_url, tmp_path / "theirs", *options)
    heard = Heard()
    ours = run_ours(workload(name, max_tokens=128), items, engine_server.base_url, heard=heard, model=model)
    expected = {int(found["id"].removeprefix("custom-")): judgement(found) for found in theirs}
    assert len(expected) == len(items)
    assert judgements(ours, heard) == expected
    assert len({text for text, *_ in expected.values()}) > 1


@pytest.fixture(scope="module")
def seeing_server(borrowed_home: Path) -> Iterator[Server]:
    """SGLang with the demo model that takes pictures."""
    spec, model = EngineSpec(kind="sglang"), ModelSpec(path=str(ROOT / "demo" / "demo-vlm"))
    with running(spec, model, settings=Settings(home=borrowed_home), job_id="test-sgl-eval") as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize(("name", "file"), [("mmmu_pro", "standard_10_options"), ("mmmu_pro_vision", "vision")])
def test_pictures_are_judged_as_by_sgl_evals_command_line(
    name: str, file: str, seeing_server: Server, tmp_path: Path
) -> None:
    installed_settings()
    table = parquet.read_table(DEMO / "mmmu_pro" / f"{file}.parquet").slice(0, LIMIT)
    parquet.write_table(table, tmp_path / "hub.parquet")
    items, model = table.to_pylist(), seeing_server.served_model
    options = ("--max-tokens=16", f"--model={model}")
    hub = tmp_path / "hub.parquet"
    theirs = run_theirs(name, seeing_server.base_url, tmp_path / "theirs", *options, parquet=hub)
    heard = Heard()
    ours = run_ours(workload(name, max_tokens=16), items, seeing_server.base_url, heard=heard, model=model)
    places = {item["id"]: place for place, item in enumerate(items)}
    assert judgements(ours, heard) == {places[found["id"]]: judgement(found) for found in theirs}
    assert len(ours.scores) == len(items)
