"""Chat templates: rendered as transformers renders them, and what becomes of those that do not render."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from evals.parity.asking.templates import ChatTemplate, TemplateRefusedError, load_template

MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": 'Say "<hi>" & ü'},
    {"role": "assistant", "content": "hi"},
    {"role": "user", "content": "again"},
]
TEMPLATES = {
    "blocks are trimmed": (
        "{% for m in messages %}\n  {% if m.role == 'user' %}\n[{{ m.content }}]\n  {% endif %}\n{% endfor %}"
    ),
    "loop controls": (
        "{% for m in messages %}{% if loop.index > 2 %}{% break %}{% endif %}{{ m['content'] }};{% endfor %}"
    ),
    "JSON": "{{ messages | tojson }}{{ messages[1] | tojson(indent=2) }}",
    "generation": (
        "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}"
        "{% else %}{{ m.content }}{% endif %}|{% endfor %}"
    ),
    "special tokens": (
        "{{ bos_token }}{{ messages[1]['content'] | trim }}{{ eos_token }}{% if add_generation_prompt %}>>{% endif %}"
    ),
    "absent arguments": (
        "{% if tools %}t{% endif %}{% if not documents is none %}d{% endif %}{{ nothing }}{{ messages|length }}"
    ),
    "namespaces": (
        "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + m.content|length %}{% endfor %}"
        "{{ ns.n }}"
    ),
}
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_gives_what_transformers_gives(name: str) -> None:
    ours = ChatTemplate(source=TEMPLATES[name], tokens=TOKENS).render(MESSAGES)
    theirs, _ = render_jinja_template(
        conversations=[MESSAGES], chat_template=TEMPLATES[name], add_generation_prompt=True, **TOKENS
    )
    assert ours == theirs[0]
    assert ours


def test_the_date_is_the_same_on_every_day() -> None:
    shown = ChatTemplate(source="{{ strftime_now('%d %b %Y') }}", tokens={}).render(MESSAGES)
    assert shown == "15 Jan 2026"
    assert shown != datetime.now().strftime("%d %b %Y")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{% if %}", "Expected an expression"),
        ("{{ messages[0].content + 1 }}", "str"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_template_that_does_not_render_says_why(source: str, reason: str) -> None:
    with pytest.raises(TemplateRefusedError, match=reason):
        ChatTemplate(source=source, tokens={}).render(MESSAGES)


def written(folder: Path, **files: Any) -> Path:
    for name, content in files.items():
        stem, _, ending = name.rpartition("_")
        (folder / f"{stem}.{ending}").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_the_template_is_found_where_a_model_may_have_it(tmp_path: Path) -> None:
    assert load_template(tmp_path) is None
    written(
        tmp_path, tokenizer_config_json={"chat_template": "third", "bos_token": {"content": "<b>"}, "eos_token": None}
    )
    assert load_template(tmp_path) == ChatTemplate(source="third", tokens={"bos_token": "<b>"})
    several = [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "yes"}]
    written(tmp_path, tokenizer_config_json={"chat_template": several})
    assert load_template(tmp_path) == ChatTemplate(source="yes", tokens={})
    written(tmp_path, chat_template_json={"chat_template": "second"})
    assert load_template(tmp_path) == ChatTemplate(source="second", tokens={})
    written(tmp_path, chat_template_jinja="first")
    assert load_template(tmp_path) == ChatTemplate(source="first", tokens={})


def test_a_broken_config_is_as_good_as_none(tmp_path: Path) -> None:
    assert load_template(written(tmp_path, tokenizer_config_json="{no json")) is None
