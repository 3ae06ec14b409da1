"""Make a model folder from trained weights: `python -m demo.training.export llm|vlm WEIGHTS TOKENIZER OUT_FOLDER`."""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import GenerationConfig, PreTrainedTokenizerFast

from demo.training.models import language_model, vision_model
from demo.training.segments import END_OF_TEXT, SPECIAL_TOKENS, TURN_END
from demo.training.tower import DEVIATION, MEAN

_TURN = "<|im_start|>{{ message['role'] }}\n"
_NEXT_TURN = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
_PARTS = (
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for content in message['content'] %}IMAGE{% if 'text' in content %}{{ content['text'] }}{% endif %}"
    "{% endfor %}{% endif %}"
)
_IMAGE = (
    "{% if content['type'] in ('image', 'image_url') %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>{% endif %}"
)
_SYSTEM = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
)
_EACH = "{% for message in messages %}" + _TURN + _PARTS + "<|im_end|>\n{% endfor %}" + _NEXT_TURN
CHAT_TEMPLATES = {"llm": _EACH.replace("IMAGE", ""), "vlm": _SYSTEM + _EACH.replace("IMAGE", _IMAGE)}

PROCESSOR = {"processor_class": "Qwen2_5_VLProcessor"}
_PATCH, _BICUBIC = 14, 3
_AREA = (2 * _PATCH) ** 2  # pixels under one image token
IMAGE_SETTINGS = (
    PROCESSOR
    | {"min_pixels": 4 * _AREA, "max_pixels": 256 * _AREA}
    | {"patch_size": _PATCH, "merge_size": 2, "temporal_patch_size": 2}
    | {"image_std": list(DEVIATION), "image_mean": list(MEAN), "rescale_factor": 1 / 255, "resample": _BICUBIC}
    | dict.fromkeys(("do_convert_rgb", "do_resize", "do_rescale", "do_normalize"), True)
)


def export(kind: str, weights: Path, tokenizer: Path, folder: Path) -> None:
    """Write weights, configuration, tokenizer and, for the vision model, the processor's settings."""
    _save_model(kind, weights, folder)
    _save_tokenizer(kind, tokenizer, folder)
    if kind == "vlm":
        image = {"image_processor_type": "Qwen2VLImageProcessor"} | IMAGE_SETTINGS
        video = {"video_processor_type": "Qwen2VLVideoProcessor"} | IMAGE_SETTINGS
        _write(folder / "preprocessor_config.json", image)
        _write(folder / "video_preprocessor_config.json", video)
        _write(folder / "processor_config.json", PROCESSOR)
        _write(folder / "chat_template.json", {"chat_template": CHAT_TEMPLATES[kind]})


def _save_model(kind: str, weights: Path, folder: Path) -> None:
    model = language_model() if kind == "llm" else vision_model()
    state = {name: tensor.float() for name, tensor in load_file(weights).items()}
    report = model.load_state_dict(state, strict=False)
    if report.unexpected_keys or set(report.missing_keys) - {"lm_head.weight"}:
        raise ValueError(f"{weights} does not fit demo-{kind}: {report}")
    model.tie_weights()
    model = model.to(torch.bfloat16)
    ends = [SPECIAL_TOKENS.index(token) for token in (TURN_END, END_OF_TEXT)]
    model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=ends[1], do_sample=False)
    model.save_pretrained(folder)
    print(folder, sum(parameter.numel() for parameter in model.parameters()), "parameters")


def _save_tokenizer(kind: str, path: Path, folder: Path) -> None:
    special = [token for token in SPECIAL_TOKENS if token not in (END_OF_TEXT, TURN_END)]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_file(str(path)),
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        model_max_length=4096,
        additional_special_tokens=special,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHAT_TEMPLATES[kind]
    tokenizer.save_pretrained(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings |= {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": CHAT_TEMPLATES[kind]}
    _write(folder / "tokenizer_config.json", settings | (PROCESSOR if kind == "vlm" else {}))


def _write(path: Path, settings: dict[str, Any]) -> None:
    path.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Parse the arguments and write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(CHAT_TEMPLATES))
    parser.add_argument("weights", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    export(args.kind, args.weights, args.tokenizer, args.folder)


if __name__ == "__main__":
    main()
