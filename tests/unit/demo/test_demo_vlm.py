"""The shipped vision model is small, and its rotary sections let the decoder tell places apart."""

import json
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).parents[3] / "demo"


@pytest.fixture
def text_config() -> Any:
    return json.loads((DEMO / "demo-vlm" / "config.json").read_text(encoding="utf-8"))["text_config"]


def test_the_weights_are_below_8_mb() -> None:
    assert (DEMO / "demo-vlm" / "model.safetensors").stat().st_size < 8_000_000


def test_neighbouring_rows_and_columns_differ_by_a_clear_angle(text_config: Any) -> None:
    pairs = text_config["hidden_size"] // text_config["num_attention_heads"] // 2
    rope = text_config["rope_parameters"]
    times, rows, columns = rope["mrope_section"]
    angles = [rope["rope_theta"] ** (-pair / pairs) for pair in range(pairs)]
    assert times + rows + columns == pairs
    assert angles[times] > 0.2
    assert angles[times + rows] > 0.2


def test_both_demo_models_share_one_tokenizer() -> None:
    assert (DEMO / "demo-vlm/tokenizer.json").read_bytes() == (DEMO / "demo-llm/tokenizer.json").read_bytes()
