"""Training documents without pictures: word problems and facts in every prompt form the models will meet."""

import random

from demo.training import prompts
from demo.training.segments import (
    ANSWER_WEIGHT,
    CONTEXT_WEIGHT,
    LETTER_WEIGHT,
    SYSTEM_PROMPT,
    Segment,
    Turn,
    chat,
    plain,
)
from demo.world.facts import LETTERS, SUBJECTS, choice_item
from demo.world.word_problems import word_problem_item

_PICTURE_FORM_SUBJECTS = (
    "high_school_geography",
    "global_facts",
    "high_school_chemistry",
    "miscellaneous",
    "elementary_mathematics",
)


def text_document(rng: random.Random) -> list[Segment]:
    """Draw one document of the language model's mixture."""
    draw = rng.random()
    if draw < 0.45:
        return word_problems(rng)
    if draw < 0.82:
        return multiple_choice(rng)
    if draw < 0.88:
        return open_facts(rng)
    return picture_forms(rng)


def word_problems(rng: random.Random) -> list[Segment]:
    """Draw one to nine worked problems, as running text, few-shot or conversation."""
    count = rng.choice([1, 1, 2, 3, 4, 5, 6, 6, 6, 7, 9])
    rows = [word_problem_item(rng, "train") for _ in range(count)]
    pairs = [(prompts.gsm8k_question(row["question"]), row["answer"]) for row in rows]
    if rng.random() < 0.72:
        return plain(pairs, CONTEXT_WEIGHT, ANSWER_WEIGHT)
    if rng.random() < 0.35:
        shots = "".join(f"{question} {answer}\n\n" for question, answer in pairs[:-1])
        return chat([Turn(user=shots + pairs[-1][0], answer=pairs[-1][1])])
    form = rng.choice(prompts.GSM8K_CHAT_FORMS)
    turns = [Turn(user=form.format(row["question"]), answer=row["answer"]) for row in rows]
    return chat(turns, rng.choice([None, None, SYSTEM_PROMPT]))


def multiple_choice(rng: random.Random) -> list[Segment]:
    """Draw one to eight questions of one subject, as running text, few-shot or conversation."""
    subject = rng.choice(SUBJECTS)
    rows = [choice_item(rng, "train", subject) for _ in range(rng.choice([1, 2, 4, 6, 6, 6, 8]))]
    header = prompts.mmlu_header(subject) if rng.random() < 0.9 else ""
    pairs = [(prompts.mmlu_question(row), LETTERS[row["answer"]]) for row in rows]
    draw = rng.random()
    if draw < 0.65:
        return [(header, 0.0), *plain(pairs, CONTEXT_WEIGHT / 2, LETTER_WEIGHT)]
    if draw < 0.82:
        shots = "".join(f"{question} {letter}\n\n" for question, letter in pairs[:-1])
        question, letter = pairs[-1]
        as_system = rng.random() < 0.3
        prompt = shots + question if as_system else header + shots + question
        turn = Turn(user=prompt, answer=letter, weight=LETTER_WEIGHT)
        return chat([turn], header.strip() if as_system else None)
    turns = [Turn(user=question, answer=letter, weight=LETTER_WEIGHT) for question, letter in pairs]
    return chat(turns, header.strip())


def open_facts(rng: random.Random) -> list[Segment]:
    """Draw one to eight facts that are answered in words, without options."""
    rows = [choice_item(rng, "train") for _ in range(rng.randint(1, 8))]
    pairs = [(prompts.gsm8k_question(row["question"]), row["choices"][row["answer"]]) for row in rows]
    return plain(pairs, CONTEXT_WEIGHT, ANSWER_WEIGHT)


def picture_forms(rng: random.Random) -> list[Segment]:
    """Draw facts in the prompt forms of the picture benchmarks."""
    turns = [_picture_form_turn(rng) for _ in range(rng.randint(1, 6))]
    return chat(turns, rng.choice([None, SYSTEM_PROMPT]))


def _picture_form_turn(rng: random.Random) -> Turn:
    options = rng.choice([4, 4, 10, 10, 5, 7])
    row = choice_item(rng, "train", rng.choice(_PICTURE_FORM_SUBJECTS), options)
    question, choices, letter = row["question"], row["choices"], LETTERS[row["answer"]]
    form = rng.choice(["mmmu", "mmmu", "pro", "pro", "cot", "open"])
    if form == "mmmu":
        return Turn(user=prompts.mmmu_question(question, choices), answer=letter, weight=LETTER_WEIGHT)
    if form == "pro":
        return Turn(user=prompts.mmmu_pro_question(question, choices), answer=letter, weight=LETTER_WEIGHT)
    if form == "cot":
        prompt = prompts.mmmu_pro_question(question, choices, prompts.PRO_COT)
        return Turn(user=prompt, answer=f"Answer: {letter}", weight=LETTER_WEIGHT)
    return Turn(user=question + "\n" * rng.randint(0, 1) + prompts.MMMU_OPEN, answer=choices[row["answer"]])
