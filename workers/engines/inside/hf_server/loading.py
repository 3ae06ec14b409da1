"""Load a model, its tokenizer and its image processor, and name what is wrong when they do not load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from .arguments import Arguments
from .errors import (
    ModelLoadFailedError,
    ModelNotFoundError,
    OutOfMemoryError,
    StartupError,
    UnsupportedArchitectureError,
    is_out_of_memory,
)


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model ready to run and what belongs to it; `processor` is None for a model that takes text alone."""

    model: Any
    tokenizer: Any
    processor: Any | None
    context_length: int
    vocabulary: int
    eos_token_ids: frozenset[int]

    @property
    def device(self) -> torch.device:
        """Where inputs go."""
        device: torch.device = self.model.device
        return device


def load(arguments: Arguments) -> LoadedModel:
    """Load everything from the model's folder; raise a StartupError that says what is missing."""
    try:
        return load_unguarded(arguments)
    except StartupError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemoryError(f"the model does not fit on {arguments.device}: {one_line(error)}") from error
        raise ModelLoadFailedError(f"{arguments.model_path}: {type(error).__name__}: {one_line(error)}") from error


def load_unguarded(arguments: Arguments) -> LoadedModel:
    """Load everything; exceptions of transformers pass through."""
    check_device(arguments.device)
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    config = load_config(arguments)
    common = {"trust_remote_code": arguments.trust_remote_code, "revision": arguments.revision}
    processor = None
    if getattr(config, "vision_config", None) is not None:
        processor = transformers.AutoProcessor.from_pretrained(arguments.model_path, **common)
    tokenizer = getattr(processor, "tokenizer", None) or load_tokenizer(arguments, common)
    if arguments.chat_template is not None:
        tokenizer.chat_template = Path(arguments.chat_template).read_text()
    model = load_weights(arguments, config)
    text_config = config.get_text_config()
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        processor=processor,
        context_length=arguments.context_length or getattr(text_config, "max_position_embeddings", None) or 2048,
        vocabulary=text_config.vocab_size,
        eos_token_ids=eos_token_ids(model, config, tokenizer),
    )


def check_device(device: str) -> None:
    """Raise unless torch can use the device."""
    if device != "cpu" and not torch.cuda.is_available():
        raise ModelLoadFailedError(
            f"--device {device} needs a CUDA build of torch and a GPU; torch {torch.__version__} sees none"
        )


def load_config(arguments: Arguments) -> Any:
    """Read config.json and lay the overrides over it."""
    path = Path(arguments.model_path)
    if path.is_absolute() and not (path / "config.json").is_file():
        raise ModelNotFoundError(f"{path} has no config.json; --model-path must name a folder with a model")
    try:
        config = transformers.AutoConfig.from_pretrained(
            arguments.model_path, trust_remote_code=arguments.trust_remote_code, revision=arguments.revision
        )
    except OSError as error:
        raise ModelNotFoundError(f"{arguments.model_path}: {one_line(error)}") from error
    except ValueError as error:
        raise UnsupportedArchitectureError(f"{arguments.model_path}: {one_line(error)}") from error
    lay_over(config, arguments.config_overrides)
    return config


def lay_over(config: Any, overrides: dict[str, Any]) -> None:
    """Set each override on the configuration, going into nested configurations."""
    for name, value in overrides.items():
        nested = getattr(config, name, None)
        if isinstance(value, dict) and isinstance(nested, transformers.PretrainedConfig):
            lay_over(nested, value)
        else:
            setattr(config, name, value)


def load_tokenizer(arguments: Arguments, common: dict[str, Any]) -> Any:
    """Load the tokenizer alone."""
    try:
        return transformers.AutoTokenizer.from_pretrained(arguments.model_path, **common)
    except (OSError, ValueError) as error:
        raise ModelNotFoundError(f"{arguments.model_path} has no usable tokenizer: {one_line(error)}") from error


def load_weights(arguments: Arguments, config: Any) -> Any:
    """Load the weights in the class the configuration names, on one device or over all visible GPUs."""
    options: dict[str, Any] = {"config": config, "dtype": dtype(arguments.dtype), "revision": arguments.revision}
    if arguments.attn_implementation is not None:
        options["attn_implementation"] = arguments.attn_implementation
    spread = arguments.device == "cuda" and torch.cuda.device_count() > 1
    if spread:
        options["device_map"] = "auto"
    factory = model_class(config, arguments.trust_remote_code)
    if factory is transformers.AutoModelForCausalLM:
        options["trust_remote_code"] = True
    try:
        model = factory.from_pretrained(arguments.model_path, **options)
    except OSError as error:
        raise ModelNotFoundError(f"{arguments.model_path} has no usable weights: {one_line(error)}") from error
    return (model if spread else model.to(arguments.device)).eval()


def model_class(config: Any, trust_remote_code: bool) -> Any:
    """Return the transformers class for the configuration's architectures."""
    names = getattr(config, "architectures", None) or []
    for name in names:
        found = getattr(transformers, name, None)
        if found is not None and hasattr(found, "generate"):
            return found
    if trust_remote_code and getattr(config, "auto_map", None):
        return transformers.AutoModelForCausalLM
    wanted = ", ".join(names) or config.model_type
    raise UnsupportedArchitectureError(
        f"{wanted}: transformers {transformers.__version__} has no such generating class; "
        "install a version that has it, or pass --trust-remote-code for a model that brings its own code"
    )


def dtype(name: str) -> Any:
    """Return torch's dtype for a name, or "auto"."""
    return name if name == "auto" else getattr(torch, name)


def eos_token_ids(model: Any, config: Any, tokenizer: Any) -> frozenset[int]:
    """Collect every token that ends an answer: the generation config's, the model's and the tokenizer's."""
    found: set[int] = set()
    for source in (model.generation_config, config.get_text_config(), config, tokenizer):
        value = getattr(source, "eos_token_id", None)
        found.update([value] if isinstance(value, int) else value or [])
    return frozenset(found)


def one_line(error: BaseException) -> str:
    """Return an exception's message on one line."""
    return " ".join(str(error).split()) or type(error).__name__
