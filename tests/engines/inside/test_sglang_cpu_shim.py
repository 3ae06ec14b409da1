"""The stand-ins that let SGLang run without a GPU; that it then serves is seen in the comparisons with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(python: str, code: str, *path: Path) -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}
    done = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_an_environments_own_sitecustomize_still_runs(inside: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.own = 'ran'\n")
    assert run(sys.executable, "import sys; print(sys.own)", inside / "sglang_cpu", tmp_path) == "ran"


def test_a_process_without_torch_is_left_alone(inside: Path) -> None:
    assert run(sys.executable, "import sys; print('torch' in sys.modules)", inside / "sglang_cpu") == "False"


def test_kernels_can_be_defined_without_triton(inside: Path) -> None:
    code = """
import triton, triton.language as tl
from triton.language.extra import libdevice
from triton.runtime.errors import OutOfResources
@triton.autotune(configs=[triton.Config({}, num_warps=4)], key=["n"])
@triton.jit
def kernel(n: tl.constexpr): return n + 1
class Own(OutOfResources): pass
print(kernel(2), triton.cdiv(7, 2), triton.next_power_of_2(5), tl.constexpr(3).value, issubclass(Own, Exception))
"""
    assert run(sys.executable, code, inside / "sglang_cpu") == "3 4 8 3 True"


@pytest.mark.engines
def test_an_absent_kernel_fails_when_it_is_called_and_says_why(inside: Path, sglang_python: str) -> None:
    code = """
from sgl_kernel import rotary_embedding_cpu
try: rotary_embedding_cpu()
except NotImplementedError as error: print(error)
"""
    assert "sgl_kernel.rotary_embedding_cpu, which has no CPU build" in run(sglang_python, code, inside / "sglang_cpu")


@pytest.mark.engines
def test_torchvisions_python_part_imports_beside_a_cpu_torch(inside: Path, sglang_python: str) -> None:
    code = (
        "import torch, torchvision.transforms.v2.functional as f; print(f.resize(torch.zeros(3, 8, 8), [4, 4]).shape)"
    )
    assert run(sglang_python, code, inside / "sglang_cpu") == "torch.Size([3, 4, 4])"
