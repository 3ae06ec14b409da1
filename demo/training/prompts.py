"""The prompt forms of the benchmarks, as the harnesses that will test the models write them."""

from collections.abc import Sequence

from demo.world.facts import LETTERS, ChoiceRow

# Sources: the prompts of MMMU (mmmu-benchmark) and of MMMU-Pro (mmmu-pro's prompts.yaml), and lm-eval's mmlu and gsm8k.
MMMU_LETTER = "\nAnswer with the option's letter from the given choices directly."
MMMU_OPEN = "\nAnswer the question using a single word or phrase."
PRO_DIRECT = "Answer with the option letter from the given choices directly."
PRO_LAST_LINE = (
    "The last line of your response should be of the following format: 'Answer: $LETTER' (without quotes) "
    "where LETTER is one of options."
)
_STEP_BY_STEP = f"{PRO_LAST_LINE} Think step by step before answering."
PRO_COT = f"Answer the preceding multiple choice question. {_STEP_BY_STEP}"
PRO_VISION = f"{PRO_DIRECT} {PRO_LAST_LINE}"
PRO_VISION_COT = f"Write out the multiple-choice question in the image and then solve it. {_STEP_BY_STEP}"

GSM8K_CHAT_FORMS = (
    "{}",
    "{}",
    "Question: {}\nAnswer:",
    "Question: {}\nAnswer:",
    "Question: {}",
    "{}\nAnswer:",
    "{}\nWork it out in small steps; the result stands behind ####.",
    "Here is a calculation in words. Show each step, and end with a line that has #### and the result.\n\n{}",
    '{}\nGive your reasoning first. The closing line is "####" and the number.',
)


def gsm8k_question(question: str) -> str:
    """Return one question as lm-eval's gsm8k asks it."""
    return f"Question: {question}\nAnswer:"


def mmlu_header(subject: str) -> str:
    """Return the sentence that opens an MMLU prompt."""
    return f"The following are multiple choice questions (with answers) about {subject.replace('_', ' ')}.\n\n"


def mmlu_question(row: ChoiceRow) -> str:
    """Return one question with its lettered choices, up to `Answer:`."""
    return row["question"] + _lettered(row["choices"], "\n{}. {}") + "\nAnswer:"


def mmmu_question(question: str, options: Sequence[str]) -> str:
    """Return a multiple-choice question in MMMU's form."""
    return f"{question}\n" + _lettered(options, "({}) {}\n") + MMMU_LETTER


def mmmu_pro_question(question: str, options: Sequence[str], instruction: str = PRO_DIRECT) -> str:
    """Return a multiple-choice question in MMMU-Pro's form."""
    return f"{question}\n" + _lettered(options, "{}. {}\n") + instruction


def _lettered(options: Sequence[str], form: str) -> str:
    return "".join(form.format(letter, option) for letter, option in zip(LETTERS, options, strict=False))
