"""What a submission may ask of an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evals.argument_rules import is_reserved
from evals.engine_rules import check
from evals.errors import InvalidSubmissionError, PolicyError
from evals.spec import EngineSpec


def sglang(**fields: Any) -> EngineSpec:
    return EngineSpec(**{"kind": "sglang"} | fields)


def remote(**fields: Any) -> EngineSpec:
    return EngineSpec(**{"kind": "remote", "base_url": "http://127.0.0.1:8000"} | fields)


def refused_field(spec: EngineSpec, **options: Any) -> str:
    with pytest.raises(InvalidSubmissionError) as caught:
        check(spec, **options)
    return str(caught.value.details["field"])


@pytest.mark.parametrize(
    "name",
    [
        "mem-fraction-static", "max-total-tokens", "max-total-token", "tp-size", "quantization", "kv-cache-dtype",
        "attention-backend",
        "chunked-prefill-size", "disable-radix-cache", "log-level", "speculative-algorithm", "context-length",
        "speculative-draft-model-path", "cuda-graph-config", "a-feature-of-tomorrow", "log-requests",
        "hicache-storage-backend", "radix-eviction-policy", "speculative-adaptive",
    ],
)  # fmt: skip
def test_arguments_that_tune_an_engine_are_allowed(name: str) -> None:
    check(sglang(args={name: 1}))


@pytest.mark.parametrize(
    "name",
    [
        "host", "port", "nccl-port", "grpc-port", "api-key", "admin-api-key", "file-storage-path", "crash-dump-folder",
        "export-metrics-to-file-dir", "log-requests-target", "trust-remote-code", "config", "forward-hooks", "sidecar",
        "custom-weight-loader", "enable-custom-logit-processor", "hicache-storage-backend-extra-config", "tool-server",
        "ssl-keyfile", "debug-tensor-dump-output-folder", "delete-ckpt-after-loading", "download-dir", "dist-init-addr",
        "served-model-name", "hf-token", "token", "lora-paths", "new-plugin-module", "help", "init-expert-location",
    ],
)  # fmt: skip
def test_arguments_for_addresses_files_secrets_and_code_are_refused(name: str) -> None:
    assert is_reserved(name)
    assert refused_field(sglang(args={name: "x"})) == f"candidate.args.{name}"


@pytest.mark.parametrize(
    "name",
    [
        "chat-template", "completion-template", "hf-chat-template-name", "tokenizer-path",
        "default-chat-template-kwargs",
    ],
)  # fmt: skip
def test_arguments_that_change_one_sides_prompt_are_refused(name: str) -> None:
    assert refused_field(sglang(args={name: "x"})) == f"candidate.args.{name}"


@pytest.mark.parametrize(
    "name", ["trust-rem", "hos", "tokenizer-pa", "por", "devic", "json-model", "custom-weight", "forward", "chat-te"]
)
def test_beginnings_of_arguments_out_of_reach_are_refused(name: str) -> None:
    assert not is_reserved(name)
    assert refused_field(sglang(args={name: "x"}), trust_remote_code=True) == f"candidate.args.{name}"


@pytest.mark.parametrize("name", ["device", "dtype", "model-path", "model", "json-model-override-args", "revision"])
def test_arguments_with_a_field_of_their_own_point_to_it(name: str) -> None:
    with pytest.raises(InvalidSubmissionError, match="set by Plumbline") as caught:
        check(sglang(args={name: "x"}))
    assert "Use the submission's field" in caught.value.remedy


@pytest.mark.parametrize("name", ["--port", "mem_fraction_static", "", "a b", "tp-size=2", "-x", "tp-size\n--port"])
def test_names_that_are_no_names_are_refused(name: str) -> None:
    assert refused_field(sglang(args={name: 1})) == f"candidate.args.{name}"


@pytest.mark.parametrize("value", ["a\nb", "a\x00b", float("nan"), float("inf")])
def test_values_that_fit_on_no_command_line_are_refused(value: str | float) -> None:
    assert refused_field(sglang(args={"quantization": value})) == "candidate.args.quantization"


def test_the_baseline_is_named_as_such() -> None:
    assert refused_field(sglang(args={"port": 1}), side="baseline") == "baseline.args.port"


def test_remote_code_needs_the_operators_permission() -> None:
    check(sglang(args={"trust-remote-code": True}), trust_remote_code=True)
    assert refused_field(sglang(args={"trust-remote-code": True})) == "candidate.args.trust-remote-code"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "vllm"}, "candidate.kind"),
        ({"device": "tpu"}, "candidate.device"),
        ({"dtype": "int3"}, "candidate.dtype"),
        ({"device": "cuda", "gpus": 0}, "candidate.gpus"),
        ({"device": "cpu", "gpus": 1}, "candidate.gpus"),
        ({"source": "https://example.org/x.whl"}, "candidate.source"),
        ({"base_url": "http://localhost"}, "candidate.base_url"),
        ({"architectures": ("os.system",)}, "candidate.architectures"),
        ({"device": "cuda", "gpus": 2, "args": {"tp-size": 4}}, "candidate.gpus"),
        ({"device": "cuda", "gpus": 2, "args": {"tensor-parallel-size": 2, "pp-size": 2}}, "candidate.gpus"),
        ({"args": {"tp-size": "2"}}, "candidate.args.tp-size"),
        ({"args": {"tp-size": True}}, "candidate.args.tp-size"),
        ({"kind": "hf", "architectures": ("A",)}, "candidate.external_package"),
    ],
)
def test_what_does_not_fit_together_names_its_field(fields: dict[str, Any], field: str) -> None:
    assert refused_field(sglang(**fields)) == field


def test_a_package_under_a_permitted_root_passes() -> None:
    check(sglang(external_package="/srv/models/wrapper", architectures=("Wrapper",)), code_roots=[Path("/srv/models")])


@pytest.mark.parametrize(
    "package", ["/srv/other/wrapper", "/srv/models/../other/wrapper", "wrapper", "/srv/models-too/wrapper"]
)
def test_a_package_elsewhere_is_against_the_policy(package: str) -> None:
    with pytest.raises(PolicyError, match="no folder whose code"):
        check(sglang(external_package=package), code_roots=[Path("/srv/models")])


def test_without_roots_no_package_passes() -> None:
    with pytest.raises(PolicyError):
        check(sglang(external_package="/srv/models/wrapper"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"base_url": None}, "candidate.base_url"),
        ({"base_url": "file:///etc/passwd"}, "candidate.base_url"),
        ({"base_url": "http://user:secret@host"}, "candidate.base_url"),
        ({"base_url": "http://host/v1?key=1"}, "candidate.base_url"),
        ({"base_url": "http://[::1"}, "candidate.base_url"),
        ({"base_url": "http://h:99999"}, "candidate.base_url"),
        ({"base_url": "http://h:0"}, "candidate.base_url"),
        ({"base_url": "http://a..b"}, "candidate.base_url"),
        ({"args": {"tp-size": 1}}, "candidate.args"),
        ({"gpus": 1}, "candidate.gpus"),
        ({"device": "cuda"}, "candidate.device"),
        ({"external_package": "/srv/models/wrapper"}, "candidate.external_package"),
        ({"architectures": ("A",)}, "candidate.architectures"),
        ({"capabilities": ("telepathy",)}, "candidate.capabilities"),
    ],
)
def test_a_remote_engine_is_an_address_and_what_it_can_do(fields: dict[str, Any], field: str) -> None:
    check(remote(capabilities=("chat", "images")))
    assert refused_field(remote(**fields)) == field


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "169.254.1.1", "2852039166", "0xA9FEA9FE", "0xa9.254.0251.254", "169.254.43518",
        "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fe80::1]", "169.254.169.254.", "[fd00:ec2::254]",
        "metadata.google.internal", "Metadata.Google.Internal.",
    ],
)  # fmt: skip
def test_cloud_metadata_in_any_spelling_is_no_remote_engine(host: str) -> None:
    with pytest.raises(PolicyError) as caught:
        check(remote(base_url=f"http://{host}/latest"))
    assert caught.value.details["field"] == "candidate.base_url"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.5", "my_host", "gpu-7.example:8000"]
)
def test_servers_near_and_far_are_remote_engines(host: str) -> None:
    check(remote(base_url=f"http://{host}"))
