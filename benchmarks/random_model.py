"""Make a Llama of random weights with the demo tokenizer: `python benchmarks/random_model.py FOLDER [--shape 8b]`.

For machines without a model hub, where parity (1.2 billion weights) and serving (8 billion) shall be seen on a model
of a real size. Runs in an environment that has torch and transformers.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

DEMO = Path(__file__).resolve().parents[1] / "demo" / "demo-llm"
SEED = 0

SHAPES: dict[str, dict[str, int]] = {
    "1b": {
        "vocab_size": 1024,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 20,
        "head_dim": 64,
    },
    "8b": {
        "vocab_size": 128_256,
        "hidden_size": 4096,
        "intermediate_size": 14_336,
        "num_hidden_layers": 32,
        "head_dim": 128,
    },
}
"""Parity reads tokens, so the smaller one knows the tokenizer's alone; the larger has the shape of Llama 3.1 8B."""


def main() -> None:
    """Write the model in bfloat16, and its tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="1b")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    chosen = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(chosen.device):
        model = LlamaForCausalLM(configuration(SHAPES[chosen.shape]))
    model.save_pretrained(chosen.folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        shutil.copy(DEMO / name, chosen.folder / name)
    print(f"{sum(weight.numel() for weight in model.parameters()):,} weights in {chosen.folder}")


def configuration(shape: dict[str, int]) -> LlamaConfig:
    """Return a configuration whose logits spread like a trained model's, not like a uniform guess."""
    return LlamaConfig(
        **shape,
        num_attention_heads=32,
        num_key_value_heads=8,
        max_position_embeddings=16384,
        initializer_range=0.04,
        rms_norm_eps=1e-6,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=[2, 0],
        pad_token_id=0,
        rope_parameters={"rope_theta": 500000.0, "rope_type": "default"},
    )


if __name__ == "__main__":
    main()
