"""Stand in for Triton on a machine without a GPU: kernels can be defined, never launched.

SGLang decorates its kernels while its modules are imported, on a CPU too. Here every dotted name under `triton` can be
imported and every attribute exists: names with a capital are empty classes that can be subclassed and constructed, all
others are modules that double as decorators. Only what is computed with at import has a real value.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

VERSION = "3.0.0"  # SGLang compares it with minimum versions


class Constexpr:
    """Hold a compile-time constant as `triton.language.constexpr` does."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


def ceiling_division(dividend: int, divisor: int) -> int:
    """Divide and round up."""
    return (dividend + divisor - 1) // divisor


def next_power_of_2(number: int) -> int:
    """Return the smallest power of two that is not below `number`."""
    power = 1
    while power < number:
        power *= 2
    return power


def stub_class(name: str, module: str) -> type:
    """Return an empty class that accepts any arguments; an exception class where the name is one's."""
    base: type = Exception if name.endswith("Error") or name == "OutOfResources" else object
    return type(name, (base,), {"__module__": module, "__init__": lambda self, *args, **kwargs: None})


class StubModule(ModuleType):
    """Create each attribute when it is first asked for, and act as a decorator when called."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        full = f"{self.__name__}.{name}"
        if name[0].isupper():
            value: Any = stub_class(name, self.__name__)
        else:
            value = sys.modules.setdefault(full, StubModule(full))
        setattr(self, name, value)
        return value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the decorated function unchanged."""
        if len(args) == 1 and not kwargs and callable(args[0]):
            return args[0]  # used as `@triton.jit`
        return lambda function: function  # used as `@triton.autotune(...)`

    def __bool__(self) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __contains__(self, item: object) -> bool:
        return False


class StubFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Import every module under `triton` as a stub."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Claim the names under `triton.` and no others."""
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.startswith("triton.") else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return the stub that an attribute access may have created before."""
        return sys.modules.get(spec.name) or StubModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the stub as it is: it has no code."""


def install() -> StubModule:
    """Replace this module by a stub that keeps the few real values."""
    sys.meta_path.insert(0, StubFinder())
    root = StubModule("triton")
    root.__file__ = __file__
    root.__version__ = VERSION
    root.cdiv = ceiling_division
    root.next_power_of_2 = next_power_of_2
    root.language.constexpr = Constexpr
    for module in (root.runtime.cache, root.compiler.compiler):  # torch reads the key of its compile cache from here
        module.triton_key = lambda: f"stub-{VERSION}"
    sys.modules["triton"] = root
    return root


install()
