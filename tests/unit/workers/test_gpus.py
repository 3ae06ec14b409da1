"""Choosing devices, and hardware in words."""

from __future__ import annotations

from dataclasses import replace

from workers.gpus import Gpu, choose_devices, cpu_name, gpu_class, gpu_description, hardware_facts, list_gpus, visible
from workers.provenance import host_facts


def gpu(index: int, name: str = "NVIDIA H200") -> Gpu:
    return Gpu(index=index, uuid=f"GPU-{index}", name=name, memory_bytes=150 * 10**9, driver="570.1")


def test_free_devices_are_chosen_in_their_order() -> None:
    assert choose_devices(["a", "b", "c"], {"a"}, 2) == ["b", "c"]
    assert choose_devices(["a", "b", "c"], {"x"}, 1) == ["a"]


def test_too_few_free_devices_are_none_at_all() -> None:
    assert choose_devices(["a", "b"], {"a"}, 2) is None
    assert choose_devices([], set(), 1) is None


def test_wanting_nothing_is_always_granted() -> None:
    assert choose_devices([], set(), 0) == []


def test_gpus_are_described_by_kind() -> None:
    assert gpu_description([gpu(0)]) == "1 x NVIDIA H200, 140 GiB, driver 570.1"
    assert gpu_description([gpu(0), gpu(1), gpu(2, "NVIDIA L4")]) == (
        "2 x NVIDIA H200, 140 GiB each, driver 570.1; 1 x NVIDIA L4, 140 GiB, driver 570.1"
    )


def test_a_class_of_hardware_is_the_same_under_another_driver() -> None:
    assert gpu_class([gpu(0), gpu(1)]) == gpu_class([replace(gpu(one), driver="575.2") for one in (0, 1)])
    assert gpu_class([gpu(0), gpu(1)]) == "2 x NVIDIA H200, 140 GiB each"
    assert gpu_class([gpu(0)]) != gpu_class([gpu(0, "NVIDIA L4")])


def test_a_host_without_gpus_has_a_class_and_no_driver_and_a_remote_ones_is_not_known() -> None:
    facts = host_facts(())
    assert (facts["driver"], facts["hardware_class"]) == ("none", facts["hardware"])
    assert facts["client_version"].startswith("plumbline ")
    assert set(host_facts(None)) == {"hardware", "client_version"}


def test_a_processor_is_named_as_the_kernel_names_it() -> None:
    assert cpu_name("processor\t: 0\nmodel name\t: Intel(R)  Xeon(R)\nmodel name\t: other\n") == "Intel(R) Xeon(R)"
    assert cpu_name("Processor : ARM\n") is None


def test_without_gpus_the_host_is_described() -> None:
    assert " x " in hardware_facts()["hardware"]
    assert hardware_facts()["hardware"].endswith(" GiB")


def test_a_host_without_a_driver_has_no_gpus() -> None:
    assert [gpu.index for gpu in list_gpus()] == list(range(len(list_gpus())))


def test_a_worker_uses_only_the_gpus_its_operator_left_to_it() -> None:
    gpus = [gpu(0), gpu(1), gpu(2)]
    assert visible(gpus, None) == gpus
    assert visible(gpus, "2,0") == [gpus[0], gpus[2]]
    assert visible(gpus, "GPU-1") == [gpus[1]]
    assert visible(gpus, "") == []
