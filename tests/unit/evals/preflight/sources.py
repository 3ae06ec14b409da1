"""A very small SGLang to hold model files against, and a good model file of each kind."""

from __future__ import annotations

from pathlib import Path

from evals.preflight.check import Preflight, check_model

SGLANG = {
    "version.py": "",
    "srt/layers/radix_attention.py": "class RadixAttention: ...",
    "srt/layers/logits_processor.py": "class LogitsProcessor: ...\nclass LogitsProcessorOutput: ...",
    "srt/layers/layernorm.py": "import torch\nclass RMSNorm(torch.nn.Module): ...",
    "srt/layers/activation.py": "class SiluAndMul: ...",
    "srt/layers/attention/vision.py": "class VisionAttention: ...",
    "srt/managers/mm_utils.py": "def general_mm_embed_routine(): ...",
    "srt/models/registry.py": "class _Registry: ...\nModelRegistry = _Registry()",
    "srt/multimodal/processors/base_processor.py": "class BaseMultimodalProcessor:\n    models = []",
    "srt/multimodal/processors/seeing.py": (
        "from sglang.srt.models.seeing import SeeingModel\n"
        "from sglang.srt.multimodal.processors.base_processor import BaseMultimodalProcessor as Base\n"
        "class SeeingProcessor(Base):\n    models = [model for model in [SeeingModel] if model]"
    ),
    "srt/parser/conversation.py": (
        "import re\n"
        "MODEL_TYPE_TO_TEMPLATE = {'seeing': 'seeing'}\n"
        "@register_conv_template_matching_function\n"
        "def match(model_path):\n    if re.search(r'see-\\d', model_path):\n        return 'seeing'"
    ),
}

TEXT_MODEL = """
import torch
from torch import nn
from sglang.srt.layers.activation import SiluAndMul
from sglang.srt.layers.layernorm import RMSNorm
from sglang.srt.layers.logits_processor import LogitsProcessor
from sglang.srt.layers.radix_attention import RadixAttention


class Attention(nn.Module):
    def __init__(self, config, layer_id):
        self.attn = RadixAttention(4, 8, 1.0, 4, layer_id=layer_id)


class Mlp(nn.Module):
    def __init__(self, config):
        self.act_fn = SiluAndMul()

    def forward(self, x):
        return self.down(self.act_fn(self.gate_up(x)))


class Layer(nn.Module):
    def __init__(self, config, layer_id):
        self.attention = Attention(config, layer_id)
        self.mlp = Mlp(config)
        self.norm = RMSNorm(8)


class GoodForCausalLM(nn.Module):
    def __init__(self, config):
        self.layers = nn.ModuleList([Layer(config, layer_id) for layer_id in range(2)])
        self.logits_processor = LogitsProcessor(config)

    def forward(self, input_ids, positions, forward_batch, input_embeds=None):
        return self.logits_processor(input_ids, None, self.lm_head, forward_batch)

    def load_weights(self, weights):
        pass


EntryClass = GoodForCausalLM
"""

SEEING_MODEL = """
from torch import nn
from sglang.srt.layers.attention.vision import VisionAttention
from sglang.srt.managers.mm_utils import general_mm_embed_routine
from sglang.srt.models.good import GoodForCausalLM


class Tower(nn.Module):
    def __init__(self):
        self.attn = VisionAttention()


class SeeingModel(nn.Module):
    def __init__(self, config):
        self.tower = Tower()
        self.language_model = GoodForCausalLM(config)

    def pad_input_ids(self, input_ids, mm_inputs):
        return input_ids

    def get_image_feature(self, items):
        return self.tower(items)

    def forward(self, input_ids, positions, forward_batch):
        return general_mm_embed_routine(input_ids, forward_batch, self.language_model, self)

    def load_weights(self, weights):
        pass


EntryClass = [SeeingModel]
"""


class World:
    """A folder with the small SGLang, and what is checked in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sglang = folder / "site" / "sglang"
        models = {"srt/models/good.py": TEXT_MODEL, "srt/models/seeing.py": SEEING_MODEL}
        for name, text in (SGLANG | models).items():
            self.write(self.sglang / name, text)

    def write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def package(self, **modules: str) -> Path:
        """Write a package of model files; of `__init__` an empty one."""
        for name, text in ({"__init__": ""} | modules).items():
            self.write(self.folder / "my_models" / f"{name}.py", text)
        return self.folder / "my_models"

    def check(self, text: str, **options: object) -> Preflight:
        """Check one file that belongs to no package."""
        return check_model(self.write(self.folder / "model.py", text), sglang=self.sglang, **options)  # type: ignore[arg-type]


def rules(found: Preflight) -> list[tuple[str, str]]:
    """Return the severity and rule of each finding."""
    return [(finding.severity.value, finding.rule) for finding in found.findings]


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Return a text after changes, each of which must find its place."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text
