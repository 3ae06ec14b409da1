"""Train demo-vlm from demo-llm's decoder: `python -m demo.training.train_vlm --llm MODEL_FOLDER --out WEIGHTS`."""

import argparse
import contextlib
import random
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from demo.training.hints import HintHeads
from demo.training.models import DECODER, save_weights, start_from, vision_model
from demo.training.optimizer import Muon, Optimizer
from demo.training.picture_loss import Losses, PictureLoss
from demo.training.picture_rows import FORMS, shard_maker
from demo.training.rows import RowPool
from demo.training.shards import ShardMakers
from demo.training.tokenizer import Encoder

MATRIX_RATE, OTHER_RATE = 0.01, 1e-3
TOWER_DECAY = 0.1  # keeps the tower's tokens near the scale of the text's embeddings
PRINTED_SHARE = 0.25
PRINTED_BATCH_DIVISOR = 2
LOG_EVERY = 100


class Feeds:
    """One pool of rows and its shard makers for each form of picture."""

    def __init__(self, args: argparse.Namespace) -> None:
        encoder = Encoder(args.llm / "tokenizer.json")
        workers = {"scene": max(1, args.workers * 3 // 4), "printed": max(1, args.workers // 4)}
        self.makers = {form: ShardMakers(shard_maker(encoder, form), workers[form], form) for form in FORMS}
        self.pools: dict[str, RowPool] = {}

    def open_pools(self, capacity: int, device: str, batch: int) -> None:
        """Make the pools and wait for the first batch of each."""
        self.pools = {form: RowPool(capacity, device) for form in FORMS}
        while min(pool.filled for pool in self.pools.values()) < batch:
            self.refill()

    def refill(self) -> None:
        """Add the shards that are ready."""
        for form, pool in self.pools.items():
            if pool.filled < pool.capacity:
                for shard in self.makers[form].ready():
                    pool.add(shard)


def train(args: argparse.Namespace) -> None:
    """Train for a fixed number of steps and write bfloat16 weights."""
    feeds = Feeds(args)
    with contextlib.ExitStack() as stack:
        for makers in feeds.makers.values():
            stack.enter_context(makers)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model = vision_model()
        start_from(model, load_file(args.llm / "model.safetensors"))
        model = model.to(device)
        feeds.open_pools(args.pool_rows, device, args.batch)
        try:
            _run(args, model, feeds, device)
        finally:  # an interrupted run still leaves its weights
            save_weights(model, args.out)


def _run(args: argparse.Namespace, model: torch.nn.Module, feeds: Feeds, device: str) -> None:
    torch.manual_seed(2)
    heads = HintHeads(DECODER["hidden_size"]).to(device)
    optimizer = _optimizer(model, heads)
    losses_of = {form: PictureLoss(model, heads, size, device) for form, size in FORMS.items()}
    if device == "cuda" and args.compile:
        losses_of = {form: torch.compile(losses.__call__, dynamic=False) for form, losses in losses_of.items()}
    order = random.Random(0)
    latest: dict[str, Losses] = {}
    started = time.monotonic()
    for step in range(args.steps):
        if step % 4 == 0:
            feeds.refill()
        form = "printed" if order.random() < PRINTED_SHARE else "scene"
        count = args.batch // PRINTED_BATCH_DIVISOR if form == "printed" else args.batch
        latest[form] = losses_of[form](feeds.pools[form].take(count))
        latest[form].total.backward()
        optimizer.step(step, args.steps)
        if (step + 1) % LOG_EVERY == 0 or step + 1 == args.steps or step in (4, 19, 49):
            _log(step + 1, latest, feeds, time.monotonic() - started)


def _log(step: int, latest: dict[str, Losses], feeds: Feeds, seconds: float) -> None:
    """Print where training is; a model that does not see keeps its text accuracy flat."""
    for form, losses in latest.items():
        if not torch.isfinite(losses.total):
            raise RuntimeError(f"the loss of {form} rows is not finite at step {step}: lower the rates")
        pool = feeds.pools[form]
        print(
            f"step {step} {form}: loss {losses.total:.3f} hints {losses.hints:.3f} "
            f"answers {losses.answer_accuracy:.3f} text {losses.text_accuracy:.3f} "
            f"token rms {losses.token_rms:.2f} rows {pool.filled} used {pool.used} {seconds:.0f} s",
            flush=True,
        )


def _optimizer(model: torch.nn.Module, heads: HintHeads) -> Optimizer:
    """Give the decoder's matrices to Muon and the rest to AdamW; the tower's matrices decay."""
    matrices, tower, others = [], [], list(heads.parameters())
    for name, parameter in model.named_parameters():
        if "visual" in name and parameter.ndim > 1:
            tower.append(parameter)
        elif "layers" in name and parameter.ndim == 2:
            matrices.append(parameter)
        else:
            others.append(parameter)
    groups = [{"params": tower, "weight_decay": TOWER_DECAY}, {"params": others}]
    return Optimizer(Muon(matrices, MATRIX_RATE), groups, OTHER_RATE)


def main() -> None:
    """Parse the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llm", type=Path, required=True, help="demo-llm's folder: weights and tokenizer")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--workers", type=int, default=14)
    parser.add_argument("--pool-rows", type=int, default=400_000)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
