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
VLM_DECODER = DECODER | {"intermediate_size": 256, "num_hidden_layers": 6}
# With sections of 8, 12 and 12, as first tried, neighbouring columns differ by at most 0.003 rad: the decoder cannot
# tell left from right. Here rows turn by 0.32 to 0.56 rad and columns by up to 0.24; the many low frequencies are for
# what a token shows, to be found from any distance.
VLM_ROPE_BASE = 10000.0
MROPE_SECTION = (2, 3, 27)
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
    rope = {"rope_type": "default", "rope_theta": VLM_ROPE_BASE, "mrope_section": list(MROPE_SECTION)}
    text = VLM_DECODER | {"model_type": "qwen2_5_vl_text", "eos_token_id": 2}
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


def save_weights(model: torch.nn.Module, path: Path) -> None:
    """Write the weights as bfloat16; the head is tied to the embeddings and left out."""
    state = {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    save_file({name: tensor.detach().cpu().bfloat16().contiguous() for name, tensor in state.items()}, path)
