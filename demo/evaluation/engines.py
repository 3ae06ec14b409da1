"""Two ways to ask a model: transformers in this process, or a server's OpenAI-style API."""

import base64
import io
import json
import urllib.request
from typing import Any, Protocol


class Engine(Protocol):
    """Answer greedily, as text."""

    def complete(self, prompt: str, max_tokens: int) -> str:
        """Continue a prompt."""
        ...

    def chat(self, text: str, png: bytes, max_tokens: int) -> str:
        """Answer a user's text with one picture at its `<image 1>` mark, or before a text without one."""
        ...


def content_parts(text: str, image: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the message's parts in order, the picture in the place of its mark."""
    before, _, after = text.partition("<image 1>") if "<image 1>" in text else ("", "", text)
    parts = [{"type": "text", "text": before}, image, {"type": "text", "text": after}]
    return [part for part in parts if part.get("text") != ""]


class Server:
    """A running server's /v1/completions and /v1/chat/completions."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")

    def complete(self, prompt: str, max_tokens: int) -> str:
        """Continue a prompt."""
        body = {"prompt": prompt, "max_tokens": max_tokens}
        return str(self._post("/v1/completions", body)["text"])

    def chat(self, text: str, png: bytes, max_tokens: int) -> str:
        """Answer a user's text about one picture."""
        url = "data:image/png;base64," + base64.b64encode(png).decode()
        parts = content_parts(text, {"type": "image_url", "image_url": {"url": url}})
        body = {"messages": [{"role": "user", "content": parts}], "max_tokens": max_tokens}
        return str(self._post("/v1/chat/completions", body)["message"]["content"])

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        data = json.dumps({"model": "demo", "temperature": 0, **body}).encode()
        request = urllib.request.Request(self.base_url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as reply:
            return json.loads(reply.read())["choices"][0]


class Transformers:
    """A model folder under transformers on the CPU in float32."""

    def __init__(self, folder: str, *, pictures: bool) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

        torch.set_num_threads(1)
        kind = AutoModelForImageTextToText if pictures else AutoModelForCausalLM
        self.model = kind.from_pretrained(folder, dtype=torch.float32).eval()
        self.processor = AutoProcessor.from_pretrained(folder) if pictures else None
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    def complete(self, prompt: str, max_tokens: int) -> str:
        """Continue a prompt."""
        return self._generate(self.tokenizer(prompt, return_tensors="pt"), max_tokens)

    def chat(self, text: str, png: bytes, max_tokens: int) -> str:
        """Answer a user's text about one picture."""
        from PIL import Image

        messages = [{"role": "user", "content": content_parts(text, {"type": "image"})}]
        prompt = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        image = Image.open(io.BytesIO(png)).convert("RGB")
        assert self.processor is not None, "open the folder with pictures=True"
        return self._generate(self.processor(text=[prompt], images=[image], return_tensors="pt"), max_tokens)

    def _generate(self, inputs: Any, max_tokens: int) -> str:
        output = self.model.generate(
            **{name: value for name, value in inputs.items() if name != "token_type_ids"},
            do_sample=False,
            max_new_tokens=max_tokens,
        )
        reply = output[0, inputs["input_ids"].shape[1] :]
        return str(self.tokenizer.decode(reply, skip_special_tokens=True))
