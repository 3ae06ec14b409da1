"""The two architectures; both stay below 8 MB as bfloat16 weights."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
)

from demo.training.tokenizer import VOCABULARY

DECODER = {
    "vocab_size": VOCABULARY,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-6,
    "bos_token_id": None,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
}
HEAD_SIZE = 64
LLM_LAYERS = 6
VLM_LAYERS = (0, 1, 4, 5)  # the language model's layers that the vision model starts from
MROPE_SECTION = (8, 12, 12)
VISION_HEADS = 4
FULL_ATTENTION_BLOCKS = (1, 3)


def language_model() -> LlamaForCausalLM:
    """Build demo-llm with fresh weights: a Llama of 3.8 M parameters."""
    torch.manual_seed(0)
    rope = {"rope_type": "default", "rope_theta": 10000.0}
    eos = [2, 0]
    config = LlamaConfig(
        **DECODER, num_hidden_layers=LLM_LAYERS, head_dim=HEAD_SIZE, rope_parameters=rope, eos_token_id=eos
    )
    return LlamaForCausalLM(config).float()


def vision_model() -> Qwen2_5_VLForConditionalGeneration:
    """Build demo-vlm with fresh weights: a Qwen2.5-VL of 3.8 M parameters with tied embeddings."""
    torch.manual_seed(1)
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": list(MROPE_SECTION)}
    text = DECODER | {"model_type": "qwen2_5_vl_text", "num_hidden_layers": len(VLM_LAYERS), "eos_token_id": 2}
    vision = {
        "depth": 4,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_heads": VISION_HEADS,
        "out_hidden_size": DECODER["hidden_size"],
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "window_size": 112,
        "fullatt_block_indexes": list(FULL_ATTENTION_BLOCKS),
    }
    tokens = {"vision_start_token_id": 3, "vision_end_token_id": 4, "image_token_id": 5, "video_token_id": 6}
    config = Qwen2_5_VLConfig(
        text_config=text | {"rope_parameters": rope}, vision_config=vision, tie_word_embeddings=True, **tokens
    )
    return Qwen2_5_VLForConditionalGeneration(config).float()


def start_from(model: Qwen2_5_VLForConditionalGeneration, weights: dict[str, torch.Tensor]) -> None:
    """Copy embeddings, norms and the chosen layers of a language model; query, key and value biases start at 0."""
    renamed = {}
    for name, tensor in weights.items():
        parts = name.split(".")
        if parts[1] == "layers":
            if int(parts[2]) not in VLM_LAYERS:
                continue
            parts[2] = str(VLM_LAYERS.index(int(parts[2])))
        renamed[".".join(["model.language_model", *parts[1:]])] = tensor.float()
    report = model.load_state_dict(renamed, strict=False)
    if report.unexpected_keys:
        raise ValueError(f"these weights are not demo-llm's: {report.unexpected_keys[:3]}")
    for name, parameter in model.named_parameters():
        if "self_attn" in name and name.endswith("bias"):
            torch.nn.init.zeros_(parameter)


def save_weights(model: torch.nn.Module, path: Path) -> None:
    """Write the weights as bfloat16; the head is tied to the embeddings and left out."""
    state = {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    save_file({name: tensor.detach().cpu().bfloat16().contiguous() for name, tensor in state.items()}, path)
