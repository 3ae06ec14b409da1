"""Each rule about text models finds its fault in an otherwise good file, and nothing else."""

from __future__ import annotations

import pytest

from tests.unit.evals.preflight.sources import TEXT_MODEL, World, changed, rules

ERROR, WARNING = "error", "warning"


def without(name: str) -> list[tuple[str, str]]:
    """Return the change that takes out an import."""
    return [(next(line for line in TEXT_MODEL.splitlines(True) if line.endswith(f" import {name}\n")), "")]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def test_a_good_model_has_no_finding(world: World) -> None:
    found = world.check(TEXT_MODEL, config={"architectures": ["GoodForCausalLM"]})
    assert rules(found) == []
    assert found.models == ("GoodForCausalLM",)


FAULTS = {
    "syntax": ([("class Mlp(nn.Module):", "class Mlp(nn.Module:")], ERROR, "class Mlp"),
    "entry-class": ([("EntryClass = GoodForCausalLM", "")], ERROR, None),
    "vllm": ([("import torch\n", "import torch\nimport vllm.utils\n")], ERROR, "import vllm"),
    "imports": ([("layers.activation import", "layers.activations import")], ERROR, "layers.activations"),
    "forward": ([("positions, forward_batch, input", "forward_batch, positions, x")], ERROR, "forward(self, input_ids"),
    "load-weights": ([("def load_weights", "def read_weights")], ERROR, "class GoodForCausalLM"),
    "attention": (
        [("RadixAttention(4, 8, 1.0, 4, layer_id=layer_id)", "nn.Linear(8, 8)"), *without("RadixAttention")],
        ERROR,
        "class GoodForCausalLM",
    ),
    "attention without an id": ([("4, layer_id=layer_id", "4")], ERROR, "RadixAttention(4"),
    "logits-processor": (
        [("LogitsProcessor(config)", "nn.Linear(8, 9)"), *without("LogitsProcessor")],
        ERROR,
        "class GoodForCausalLM",
    ),
    "rms-norm": ([("self.norm = RMSNorm(8)", "self.norm = nn.RMSNorm(8)")], WARNING, "nn.RMSNorm"),
    "silu-and-mul": (
        [
            ("self.act_fn = SiluAndMul()", "self.act_fn = nn.SiLU()"),
            ("self.act_fn(self.gate_up(x))", "self.act_fn(self.gate(x)) * self.up(x)"),
        ],
        WARNING,
        "self.up(x)",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_at_its_line(fault: str, world: World) -> None:
    changes, severity, part = FAULTS[fault]
    text = changed(TEXT_MODEL, *changes)
    found = world.check(text)
    assert rules(found) == [(severity, fault.partition(" ")[0])]
    assert found.findings[0].line == (line_of(text, part) if part else 1)
    assert found.findings[0].file == world.folder / "model.py"
    assert found.findings[0].remedy


def test_names_that_the_config_does_not_ask_for_are_told(world: World) -> None:
    found = world.check(TEXT_MODEL, config={"architectures": ["OtherForCausalLM"]})
    assert rules(found) == [("error", "architectures")]
    assert "GoodForCausalLM" in found.findings[0].message
    assert "OtherForCausalLM" in found.findings[0].message
    assert found.pointless == found.findings


def test_an_override_takes_the_place_of_the_config(world: World) -> None:
    config = {"architectures": ["OtherForCausalLM"]}
    assert rules(world.check(TEXT_MODEL, config=config, architectures=["GoodForCausalLM"])) == []
    config = {"architectures": ["GoodForCausalLM"]}
    assert rules(world.check(TEXT_MODEL, config=config, architectures=["Good"])) == [("error", "architectures")]


@pytest.mark.parametrize(
    ("entry", "severity"),
    [
        ("('GoodForCausalLM')", "error"),
        ("(GoodForCausalLM,)", "error"),
        ("Nowhere", "error"),
        ("line_of", "error"),
        ("[GoodForCausalLM, GoodForCausalLM]", "error"),
        ("make()", "warning"),
    ],
)
def test_an_entry_that_is_no_list_of_classes_is_told(entry: str, severity: str, world: World) -> None:
    text = changed(TEXT_MODEL, ("EntryClass = GoodForCausalLM", f"def line_of(): ...\n\n\nEntryClass = {entry}"))
    assert rules(world.check(text)) == [(severity, "entry-class")]


def test_vllm_below_a_condition_is_a_warning(world: World) -> None:
    text = changed(TEXT_MODEL, ("import torch\n", "import torch\n\ndef old():\n    from vllm import x\n"))
    assert rules(world.check(text)) == [("warning", "vllm")]


@pytest.mark.parametrize(
    "imported",
    [
        "try:\n    from sglang.srt.layers.gone import X\nexcept ImportError:\n    X = None\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sglang.srt.layers.gone import X\n",
        "from sglang.srt.models import registry\n",
        "from sglang.srt import models\n",
        "from transformers.gone import X\n",
    ],
)
def test_imports_that_may_be_there_are_not_told(imported: str, world: World) -> None:
    assert rules(world.check(changed(TEXT_MODEL, ("import torch\n", f"import torch\n{imported}")))) == []


def test_an_import_of_a_name_that_is_gone_makes_a_launch_pointless(world: World) -> None:
    text = changed(TEXT_MODEL, ("import torch\n", "import torch\nfrom sglang.srt.layers.layernorm import Gone\n"))
    found = world.check(text)
    assert rules(found) == [("error", "imports")]
    assert found.pointless


@pytest.mark.parametrize(
    "forward",
    ["def forward(self, *args, **kwargs)", "def forward(self, input_ids, positions, forward_batch)"],
)
def test_a_forward_may_pass_on_what_it_is_given(forward: str, world: World) -> None:
    old = "def forward(self, input_ids, positions, forward_batch, input_embeds=None)"
    assert rules(world.check(changed(TEXT_MODEL, (old, forward)))) == []


@pytest.mark.parametrize("given", ["4, 8, 1.0, 4, layer_id", "*sizes", "**sizes"])
def test_a_layer_id_may_come_in_other_ways(given: str, world: World) -> None:
    assert rules(world.check(changed(TEXT_MODEL, ("4, 8, 1.0, 4, layer_id=layer_id", given)))) == []


HAND_MADE = """
class MyRMSNorm(nn.Module):
    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
"""


def test_a_norm_by_hand_is_told_once_it_is_used(world: World) -> None:
    unused = changed(TEXT_MODEL, ("class Layer(", f"{HAND_MADE}\n\nclass Layer("))
    assert rules(world.check(unused)) == []
    used = changed(TEXT_MODEL, ("class Layer(", f"{HAND_MADE}\n\nclass Layer("), ("= RMSNorm(8)", "= MyRMSNorm()"))
    assert rules(world.check(used)) == [("warning", "rms-norm")]


def test_a_norm_over_sglangs_is_not_told(world: World) -> None:
    derived = HAND_MADE.replace("nn.Module", "RMSNorm")
    text = changed(TEXT_MODEL, ("class Layer(", f"{derived}\n\nclass Layer("), ("= RMSNorm(8)", "= MyRMSNorm()"))
    assert rules(world.check(text)) == []


def test_a_product_with_silu_itself_gates_nothing(world: World) -> None:
    text = changed(
        TEXT_MODEL,
        ("self.act_fn = SiluAndMul()", "self.act_fn = nn.SiLU()"),
        ("self.act_fn(self.gate_up(x))", "x * self.act_fn(x)"),
    )
    assert rules(world.check(text)) == []


def test_attention_by_hand_beside_sglangs_is_told(world: World) -> None:
    text = changed(
        TEXT_MODEL, ("return self.down(", "torch.softmax(torch.matmul(x, x), -1)\n        return self.down(")
    )
    assert rules(world.check(text)) == [("warning", "attention")]


def test_logits_made_by_hand_are_told_and_hidden_states_alone_are_not(world: World) -> None:
    for logits, expected in (("self.lm_head(x)", [("error", "logits-processor")]), ("None", [])):
        text = changed(
            TEXT_MODEL,
            ("import LogitsProcessor\n", "import LogitsProcessorOutput\n"),
            ("self.logits_processor = LogitsProcessor(config)", "pass"),
            ("self.logits_processor(input_ids, None, self.lm_head, forward_batch)", "LogitsProcessorOutput(LOGITS)"),
            ("LOGITS", f"next_token_logits={logits}"),
        )
        assert rules(world.check(text)) == expected
