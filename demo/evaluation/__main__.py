"""Score a demo model: `python -m demo.evaluation (--model FOLDER | --url URL) --task gsm8k [--texts FILE]`."""

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo.evaluation.engines import Engine, Server, Transformers
from demo.evaluation.tasks import PICTURE_TASKS, TASKS, Item, blank, is_right

DATA = Path(__file__).parents[1] / "data"


def main() -> None:
    """Parse the arguments, ask every item and print the share of right answers."""
    args = _arguments()
    engine: Engine = Server(args.url) if args.url else Transformers(args.model, pictures=args.task in PICTURE_TASKS)
    items = TASKS[args.task](DATA)[: args.limit]
    if args.blank:
        items = [blank(item) for item in items]
    started = time.monotonic()
    with ThreadPoolExecutor(args.concurrency if args.url else 1) as pool:
        texts = list(pool.map(lambda item: _ask(engine, item), items))
    right = sum(is_right(item, text) for item, text in zip(items, texts, strict=True))
    print(f"{args.task}: {right / len(items):.3f} of {len(items)} in {time.monotonic() - started:.0f} s")
    if args.texts:
        args.texts.write_text(json.dumps(texts), encoding="utf-8")
    if args.compare:
        others = json.loads(args.compare.read_text(encoding="utf-8"))[: len(texts)]
        equal = sum(text == other for text, other in zip(texts, others, strict=True))
        print(f"texts equal to {args.compare}: {equal} of {len(texts)}")


def _ask(engine: Engine, item: Item) -> str:
    if item.png is None:
        return engine.complete(item.prompt, item.max_tokens)
    return engine.chat(item.prompt, item.png, item.max_tokens)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--model", help="a model folder, for transformers in this process")
    where.add_argument("--url", help="a server's address")
    parser.add_argument("--task", choices=sorted(TASKS), required=True)
    parser.add_argument("--blank", action="store_true", help="ask with white pictures: what guessing gives")
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--texts", type=Path, help="write the answers here")
    parser.add_argument("--compare", type=Path, help="answers of another engine to compare with")
    return parser.parse_args()


if __name__ == "__main__":
    main()
