"""What is found statically: inheritance over files, packages as SGLang looks through them, and helpers."""

from __future__ import annotations

import pytest

from evals.errors import InvalidSubmissionError
from evals.preflight.check import check_model
from evals.preflight.places import library_of
from tests.unit.evals.preflight.sources import TEXT_MODEL, World, rules

INHERITING = """
from sglang.srt.models.good import GoodForCausalLM


class Better(GoodForCausalLM):
    pass


EntryClass = Better
"""


def test_what_a_model_inherits_is_its_own(world: World) -> None:
    assert rules(world.check(INHERITING)) == []


def test_faults_of_an_inherited_model_are_told_where_this_file_can_mend_them(world: World) -> None:
    good = world.sglang / "srt" / "models" / "good.py"
    good.write_text(TEXT_MODEL.replace("def load_weights", "def read_weights").replace("RMSNorm(8)", "nn.RMSNorm(8)"))
    found = world.check(INHERITING)
    assert rules(found) == [("error", "load-weights")]
    assert found.findings[0].file == world.folder / "model.py"


def test_what_a_package_exports_again_is_followed(world: World) -> None:
    package = world.package(
        core=TEXT_MODEL.replace("EntryClass = GoodForCausalLM", ""),
        names="from .core import *",
        entry="from . import names\nfrom .names import GoodForCausalLM as Good\n\nEntryClass = [Good]",
    )
    found = check_model(package, sglang=world.sglang)
    assert rules(found) == []
    assert found.models == ("GoodForCausalLM",)


def test_a_package_is_blamed_for_what_its_other_files_do(world: World) -> None:
    package = world.package(
        core=TEXT_MODEL.replace("EntryClass = GoodForCausalLM", "").replace("import torch\n", "import vllm\n"),
        entry="from my_models.core import GoodForCausalLM\n\nEntryClass = GoodForCausalLM",
    )
    found = check_model(package / "entry.py", sglang=world.sglang)
    assert [(finding.rule, finding.file.name) for finding in found.findings] == [("vllm", "core.py")]


def test_an_entry_class_in_the_init_file_is_not_seen_by_sglang(world: World) -> None:
    package = world.package(
        __init__="from my_models.core import GoodForCausalLM\n\nEntryClass = GoodForCausalLM",
        core=TEXT_MODEL.replace("EntryClass = GoodForCausalLM", ""),
    )
    found = check_model(package, sglang=world.sglang)
    assert rules(found) == [("error", "entry-class")]
    assert "__init__" in found.findings[0].remedy


def test_one_name_in_two_files_of_a_package_is_refused(world: World) -> None:
    package = world.package(one=TEXT_MODEL, two=TEXT_MODEL)
    assert rules(check_model(package, sglang=world.sglang)) == [("error", "entry-class")]


def test_a_helper_is_no_model_and_is_still_looked_at(world: World) -> None:
    norm = (
        "import torch\n\n\nclass OwnNorm(torch.nn.Module):\n    def forward(self, x):\n        return x * x.rsqrt()\n"
    )
    package = world.package(norms=norm, entry=TEXT_MODEL.replace("import torch\n", "from my_models import norms\n"))
    assert rules(check_model(package / "norms.py", sglang=world.sglang)) == [("warning", "rms-norm")]
    alone = world.folder / "alone" / "norms.py"
    assert ("error", "entry-class") in rules(check_model(world.write(alone, norm), sglang=world.sglang))


def test_what_is_set_while_it_runs_is_not_judged(world: World) -> None:
    text = TEXT_MODEL.replace(
        "    def forward(self, input_ids, positions, forward_batch, input_embeds=None):\n"
        "        return self.logits_processor(input_ids, None, self.lm_head, forward_batch)",
        "        self.forward = self.logits_processor.forward",
    )
    assert text != TEXT_MODEL
    assert rules(world.check(text)) == []


def test_names_that_refer_to_each_other_end(world: World) -> None:
    text = "from .other import B as A\nclass C(A): ...\nX = Y\nY = X\nEntryClass = [C, X]"
    package = world.package(one=text, other="from .one import A as B")
    assert ("warning", "entry-class") in rules(check_model(package, sglang=world.sglang))


def test_two_packages_of_one_name_are_not_mixed_up(world: World) -> None:
    library = library_of(world.sglang)
    first = check_model(world.package(core=TEXT_MODEL), sglang=library)
    (world.folder / "my_models" / "core.py").write_text(TEXT_MODEL.replace("GoodForCausalLM", "Other"))
    second = check_model(world.folder / "my_models", sglang=library)
    assert (first.models, second.models) == (("GoodForCausalLM",), ("Other",))


def test_nothing_to_check_and_no_sglang_are_refused(world: World) -> None:
    with pytest.raises(InvalidSubmissionError, match="neither"):
        check_model(world.folder / "nowhere", sglang=world.sglang)
    with pytest.raises(InvalidSubmissionError, match="no sources"):
        check_model(world.package(core=TEXT_MODEL), sglang=world.folder / "my_models")


def test_sglang_is_found_from_its_folder_its_parent_and_a_checkout(world: World) -> None:
    for place in (world.sglang, world.sglang.parent):
        assert check_model(world.package(core=TEXT_MODEL), sglang=place).findings == ()
    world.sglang.parent.rename(world.folder / "python")
    assert check_model(world.package(core=TEXT_MODEL), sglang=world.folder).findings == ()
