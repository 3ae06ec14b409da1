"""What stored answers are judged by: a benchmark's judge, and items from a folder or from the answers' own lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import UndefinedError

from evals.accuracy.datasets.catalog import SOURCES, Row, Source
from evals.accuracy.datasets.files import read_rows
from evals.accuracy.datasets.local import local_rows
from evals.accuracy.definitions import Definition, direct_definitions
from evals.accuracy.direct_rules import judge_for, own_scoring
from evals.accuracy.judging import Judge, Judged
from evals.accuracy.official.scorers import SCORERS
from evals.accuracy.official_judge import official_judge
from evals.accuracy.prompts import PromptForm
from evals.command.json_lines import json_lines
from evals.errors import DatasetError, InvalidSubmissionError
from evals.near import nearest
from evals.result import Response

_SCORED = {
    "gsm8k": "gsm8k",
    "mmlu": "mmlu_generative",
    "mmlu_generative": "mmlu_generative",
    "mmmu": "mmmu",
    "mmmu_val": "mmmu",
    "mmmu_pro": "mmmu_pro_standard10_direct",
    **{
        f"mmmu_pro_{setting}{mode}": f"mmmu_pro_{setting}{mode or '_direct'}"
        for setting in ("standard10", "standard4", "vision")
        for mode in ("", "_direct", "_cot")
    },
}
"""Names under which answers can be scored, and the definition whose judge does it."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One stored answer: where it stands in the file, whose it is, and its fields."""

    number: int
    id: str | int
    fields: Mapping[str, Any]


def read_lines(path: Path) -> list[Line]:
    """Return a file's answers; raise DatasetError that names the line which is none."""
    return [_line(path, number, fields) for number, fields in json_lines(path)]


def _line(path: Path, number: int, fields: Any) -> Line:
    if not isinstance(fields, dict) or not isinstance(fields.get("id"), str | int) or "response" not in fields:
        raise DatasetError(
            f"line {number} of {path} has no id or no response",
            remedy='write {"id": ..., "response": ...} on each line',
        )
    return Line(number=number, id=fields["id"], fields=fields)


class ScoredBenchmark:
    """A benchmark's judge, and where its items come from."""

    def __init__(self, name: str, definitions: list[Definition], scorer: str | None, data: Path | None) -> None:
        self.name = name
        self._source = SOURCES[str(definitions[0].config["dataset_path"])]
        self._judge, self.scorer = _judge(_SCORED[name], definitions[0], scorer)
        self._items = None if data is None else _items(definitions, self._source, data)

    @classmethod
    def named(cls, name: str, *, scorer: str | None, data: Path | None) -> ScoredBenchmark:
        """Return the benchmark of a name; raise InvalidSubmissionError with the known names."""
        definition = _SCORED.get(name.replace("-", "_"))
        found = direct_definitions(definition) if definition else None
        if not found:
            raise InvalidSubmissionError(
                f"answers of {name!r} cannot be scored",
                remedy=f"{nearest(name, _SCORED)}known are {', '.join(_SCORED)}",
            )
        return cls(name.replace("-", "_"), found, scorer, data)

    def judge(self, item_id: str | int, fields: Mapping[str, Any], response: Response) -> list[Judged]:
        """Judge one answer; raise DatasetError when its item is not known or cannot be judged."""
        if self._items is not None and str(item_id) not in self._items:
            raise DatasetError(f"the data have no item {item_id!r}", remedy="score with the data the answers are of")
        try:
            item = _own_item(fields, self._source) if self._items is None else self._items[str(item_id)]
            return self._judge(item, response)
        except DatasetError as error:
            raise DatasetError(f"item {item_id!r}: {error.message}", remedy=error.remedy) from error
        except (KeyError, IndexError, TypeError, UndefinedError) as error:
            raise DatasetError(
                f"item {item_id!r} cannot be judged: {type(error).__name__} {error}",
                remedy="give its answer (and options), or --data",
            ) from error


def _judge(name: str, definition: Definition, scorer: str | None) -> tuple[Judge, str]:
    own = own_scoring(definition.config).scorer
    if scorer is not None and own is None:
        raise InvalidSubmissionError(
            f"{name} has one scorer", remedy=f"leave --scorer out; {', '.join(SCORERS)} are for MMMU and MMMU-Pro"
        )
    if own is not None:
        return official_judge(scorer or own), scorer or own
    version = (definition.config.get("metadata") or {}).get("version", "?")
    return judge_for(definition, PromptForm.of(definition.config)), f"{name} {version}"


def _own_item(fields: Mapping[str, Any], source: Source) -> Row:
    """Return the item in an answer's line, in the form that the definitions read."""
    choices = fields.get("choices", fields.get("options"))
    item = {**fields, "choices": choices, "options": choices}
    return source.as_item({"question": "", "subject": "", **item}) if "choices" in source.fields else item


def _items(definitions: list[Definition], source: Source, data: Path) -> dict[str, Row]:
    printed = _printed_questions(data / source.folder) if source.folder == "mmmu_pro" else None
    if printed is not None:
        options = "4" if "4" in str(definitions[0].config.get("dataset_name")) else "10"
        return dict(_with_setting(row, options) for row in printed)
    items: dict[str, Row] = {}
    for definition in definitions:
        subset, split = definition.config.get("dataset_name"), definition.config.get("test_split")
        rows = local_rows(source, data, subset, str(split or definition.config.get("validation_split")))
        for number, row in enumerate(rows):
            missing = [name for name in source.fields if name not in row]
            if missing:
                raise DatasetError(f"item {number} of {data} has no {missing[0]!r}", remedy="fetch the data again")
            key = row.get("id") if "id" in source.fields else number if len(definitions) == 1 else f"{subset}/{number}"
            items[str(key)] = source.as_item(row)
    return items


def _printed_questions(folder: Path) -> list[Row] | None:
    """Return MMMU-Pro's items from a file of its questions' texts with the options of both settings."""
    for name in ("questions.jsonl", "questions.jsonl.gz"):
        if (folder / name).is_file():
            return read_rows(folder / name)
    return None


def _with_setting(row: Row, options: str) -> tuple[str, Row]:
    try:
        return str(row["id"]), {**row, "options": row[f"options_{options}"], "answer": row[f"answer_{options}"]}
    except KeyError as error:
        raise DatasetError(f"item {row.get('id')!r} has no {error}", remedy="fetch the data again") from None
