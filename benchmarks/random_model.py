"""Make a Llama of 1.2 billion random weights with the demo tokenizer: `python benchmarks/random_model.py FOLDER`.

For machines without a model hub, where parity shall be seen on a model of a real size. Runs in an environment that has
torch and transformers.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

DEMO = Path(__file__).resolve().parents[1] / "demo" / "demo-llm"
SEED = 0


def main() -> None:
    """Write the model in bfloat16, and its tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=20)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    chosen = parser.parse_args()
    torch.manual_seed(SEED)
    with torch.device(chosen.device):
        model = LlamaForCausalLM(configuration(chosen.layers)).to(torch.bfloat16)
    model.save_pretrained(chosen.folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        shutil.copy(DEMO / name, chosen.folder / name)
    print(f"{sum(weight.numel() for weight in model.parameters()):,} weights in {chosen.folder}")


def configuration(layers: int) -> LlamaConfig:
    """Return a configuration whose logits spread like a trained model's, not like a uniform guess."""
    return LlamaConfig(
        vocab_size=1024,
        hidden_size=2048,
        intermediate_size=8192,
        num_hidden_layers=layers,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=64,
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
