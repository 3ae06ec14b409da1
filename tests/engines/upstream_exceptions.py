"""What the preflight finds in SGLang 0.5.23's own model files, and why each of it stands.

(file, severity, rule): (how many findings, why).
"""

from __future__ import annotations

VARIANT = "another norm than SGLang's RMSNorm: "
COPIED = "brought over with the vision or audio code of its checkpoint; SGLang's own layer would do: a true finding"
HF_TOWER = "takes transformers' encoder as it is, unsharded: a true finding"
SOUND = "the audio encoder's attention, for which SGLang has no layer with its masks or relative positions"
OLD = "embeds images in its own forward, in the way of before general_mm_embed_routine"

EXCEPTIONS: dict[tuple[str, str, str], tuple[int, str]] = {
    # Errors: models that are served in another way than the guide's.
    ("clip.py", "error", "attention"): (1, "an embedding model of two encoders without a KV cache"),
    ("mindspore.py", "error", "attention"): (1, "hands everything over to MindSpore, with caches of its own"),
    ("mindspore.py", "error", "logits-processor"): (1, "MindSpore computes the logits"),
    ("pixtral.py", "error", "features"): (1, "PixtralVisionModel is a vision tower that llava.py takes by its name"),
    ("pixtral.py", "error", "forward"): (1, "PixtralVisionModel is a vision tower that llava.py takes by its name"),
    ("pixtral.py", "error", "logits-processor"): (1, "PixtralVisionModel is a vision tower, not a language model"),
    ("mimo_v2.py", "error", "processor"): (1, "MiMoV2FlashForCausalLM is an old name for the text alone"),
    ("transformers.py", "error", "processor"): (6, "SGLang picks TransformersAutoMultimodalProcessor for them by hand"),
    # Imports.
    ("beam.py", "warning", "imports"): (1, "the wheel has no sglang.kernels.ops.moe.beam_decode_gemv: a true finding"),
    ("bailing_moe_linear.py", "warning", "vllm"): (1, "for AWQ weights on other devices than CUDA and HIP"),
    ("bailing_moe_v3.py", "warning", "vllm"): (1, "for AWQ weights on other devices than CUDA and HIP"),
    # Attention.
    ("lilicorr.py", "warning", "attention"): (1, "attends between the candidates of a draft, not along the sequence"),
    ("clip.py", "warning", "vision-attention"): (1, COPIED),
    ("cohere2_vision.py", "warning", "vision-attention"): (1, HF_TOWER),
    ("deepseek_janus_pro.py", "warning", "vision-attention"): (2, "a pooling head, and the image generator's decoder"),
    ("deepseek_ocr.py", "warning", "vision-attention"): (2, "SAM's relative positions; CLIP without sharding"),
    ("gemma3n_audio.py", "warning", "vision-attention"): (1, SOUND),
    ("gemma3n_mm.py", "warning", "vision-attention"): (1, f"{HF_TOWER}, with a TODO of SGLang's that says so"),
    ("gemma4_audio.py", "warning", "vision-attention"): (1, SOUND),
    ("glmasr.py", "warning", "vision-attention"): (1, HF_TOWER),
    ("jet_vlm.py", "warning", "vision-attention"): (1, HF_TOWER),
    ("minicpmo.py", "warning", "vision-attention"): (1, HF_TOWER),
    ("minicpmv.py", "warning", "vision-attention"): (1, "the resampler's cross-attention of queries to the image"),
    ("nvila.py", "warning", "vision-attention"): (1, HF_TOWER),
    ("nvila_lite.py", "warning", "vision-attention"): (1, HF_TOWER),
    ("parakeet.py", "warning", "vision-attention"): (1, HF_TOWER),
    ("phi4mm_utils.py", "warning", "vision-attention"): (1, SOUND),
    ("pixtral.py", "warning", "vision-attention"): (1, COPIED),
    ("qwen2_audio.py", "warning", "vision-attention"): (1, HF_TOWER),
    ("transformers.py", "warning", "vision-attention"): (1, "SGLang's way of running transformers' models as they are"),
    ("voxtral.py", "warning", "vision-attention"): (1, COPIED),
    ("whisper.py", "warning", "vision-attention"): (1, COPIED),
    # Norms.
    ("dots_vlm_vit.py", "warning", "rms-norm"): (1, COPIED),
    ("gigachat35.py", "warning", "rms-norm"): (1, f"{VARIANT}with a low-rank gate behind it"),
    ("internvl.py", "warning", "rms-norm"): (1, COPIED),
    ("iquest_q1.py", "warning", "rms-norm"): (1, f"{VARIANT}float32 residuals, which the fused kernel refuses"),
    ("kimi_k3_vl.py", "warning", "rms-norm"): (1, "torch's norm behind the projector of images: a true finding"),
    ("minimax_m2.py", "warning", "rms-norm"): (1, f"{VARIANT}over all heads, sharded, reduced over the group"),
    ("minimax_m3.py", "warning", "rms-norm"): (1, f"{VARIANT}a weight for each head, sharded"),
    ("muse_spark_omni.py", "warning", "rms-norm"): (
        1,
        "without a weight, as SGLang has one too: a true finding",
    ),
    ("qwen4_exp.py", "warning", "rms-norm"): (1, f"{VARIANT}in groups"),
    ("xllm.py", "warning", "rms-norm"): (1, f"{VARIANT}in groups"),
    # Gated activations.
    ("cohere2_vision.py", "warning", "silu-and-mul"): (1, "its halves are the other way round than SiluAndMul's"),
    ("deepseek_v41_vit.py", "warning", "silu-and-mul"): (1, COPIED),
    ("dots_vlm_vit.py", "warning", "silu-and-mul"): (1, COPIED),
    ("glm4v.py", "warning", "silu-and-mul"): (1, "the merger of patches: SiluAndMul would do: a true finding"),
    ("lfm2.py", "warning", "silu-and-mul"): (1, "gate and up are not merged: a true finding"),
    ("muse_spark.py", "warning", "silu-and-mul"): (1, "SiluAndMul would do: a true finding"),
    ("pixtral.py", "warning", "silu-and-mul"): (1, COPIED),
    # Features of images.
    ("clip.py", "warning", "features"): (1, "its forward embeds either a text or an image"),
    ("llava.py", "warning", "features"): (3, OLD),
    ("llavavid.py", "warning", "features"): (1, OLD),
    ("mllama.py", "warning", "features"): (1, f"{OLD}: the text looks at images through cross-attention"),
    ("moss_vl.py", "warning", "features"): (1, f"{OLD}: the text looks at images through cross-attention"),
    ("whisper.py", "warning", "features"): (1, f"{OLD}: an encoder and a decoder"),
}
