"""Train demo-vlm from fresh weights: `python -m demo.training.train_vlm --tokenizer TOKENIZER.json --out WEIGHTS`."""

import argparse
import contextlib
import random
import time
from collections.abc import Callable
from pathlib import Path

import torch

from demo.training.feeds import Feed
from demo.training.hints import HintHeads
from demo.training.models import DECODER, save_weights, vision_model
from demo.training.optimizer import Muon, Optimizer
from demo.training.picture_loss import Losses, PictureLoss
from demo.training.picture_report import HeldOut
from demo.training.picture_rows import FORMS, SHARD_ROWS, shard_maker
from demo.training.shards import ShardMakers
from demo.training.tokenizer import Encoder

MATRIX_RATE, OTHER_RATE = 0.01, 1e-3  # at twice these rates 0.85 instead of 0.92 of held-out questions were right
MATRIX_DECAY = 0.03  # keeps the tower's tokens near the scale of the text's embeddings
PRINTED_SHARE = 0.3
UNTIMED_STEPS = 50  # they compile
LOG_EVERY, REPORT_EVERY = 250, 2000
HELD_OUT_ROWS = {"scene": 1500, "printed": 500}


def train(args: argparse.Namespace) -> None:
    """Train for a number of steps or seconds, write bfloat16 weights and report on pictures never trained on."""
    encoder = Encoder(args.tokenizer)
    held_out = {form: HeldOut(encoder, form, count) for form, count in HELD_OUT_ROWS.items()}
    printed = max(1, args.workers // 3)
    workers = {"scene": max(1, args.workers - printed), "printed": printed}
    with contextlib.ExitStack() as stack:
        makers = {
            form: stack.enter_context(ShardMakers(shard_maker(encoder, form), workers[form], form)) for form in FORMS
        }
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model = vision_model().to(device)
        feeds = {form: Feed(makers[form], SHARD_ROWS, args.pool_rows, device) for form in FORMS}
        try:
            _run(args, model, feeds, held_out, device)
        finally:  # an interrupted run still leaves its weights
            save_weights(model, args.out)


def _run(
    args: argparse.Namespace, model: torch.nn.Module, feeds: dict[str, Feed], held_out: dict[str, HeldOut], device: str
) -> None:
    torch.manual_seed(2)
    heads = HintHeads(DECODER["hidden_size"]).to(device)
    optimizer = _optimizer(model, heads)
    losses = {form: PictureLoss(model, heads, size, device) for form, size in FORMS.items()}
    compiled = _compiled(losses) if device == "cuda" and args.compile else losses
    order, clock = random.Random(0), Clock(args.steps, args.seconds)
    latest: dict[str, Losses] = {}
    for feed in feeds.values():
        feed.refill(at_least=args.batch)
    while clock.reached < args.steps:
        if clock.step % 4 == 0:
            for feed in feeds.values():
                feed.refill()
        form = "printed" if order.random() < PRINTED_SHARE else "scene"
        latest[form] = compiled[form](feeds[form].pool.take(args.batch))
        latest[form].total.backward()
        optimizer.step(clock.reached, args.steps)
        clock.tick()
        if clock.step % LOG_EVERY == 0 or clock.step in (5, 20, 50):
            _log(clock, latest, feeds)
        if clock.step % REPORT_EVERY == 0 or clock.reached >= args.steps:
            for form, rows in held_out.items():
                rows.report(losses[form])


class Clock:
    """How far a run is: by its steps, or by its seconds (after the first steps) where those say more."""

    def __init__(self, steps: int, seconds: float) -> None:
        self.steps, self.seconds = steps, seconds
        self.step = 0
        self.reached = 0.0
        self.started = self.timed_from = time.monotonic()

    def tick(self) -> None:
        """Count a step and set `reached`, a number of steps of the whole schedule."""
        self.step += 1
        if self.step <= UNTIMED_STEPS:
            self.timed_from = time.monotonic()
        self.reached = max(self.step, self.steps * (time.monotonic() - self.timed_from) / self.seconds)


def _compiled(
    losses: dict[str, PictureLoss],
) -> dict[str, Callable[[dict[str, torch.Tensor]], Losses]]:
    return {form: torch.compile(loss.__call__, dynamic=False) for form, loss in losses.items()}


def _log(clock: Clock, latest: dict[str, Losses], feeds: dict[str, Feed]) -> None:
    seconds = time.monotonic() - clock.started
    for form, losses in latest.items():
        if not torch.isfinite(losses.total):
            raise RuntimeError(f"the loss of {form} rows is not finite at step {clock.step}: lower the rates")
        figures = " ".join(f"{name} {figure.item():.3f}" for name, figure in losses._asdict().items())
        pool = feeds[form].pool
        print(f"step {clock.step} {form}: {figures} rows {pool.added} used {pool.used} {seconds:.0f} s", flush=True)


def _optimizer(model: torch.nn.Module, heads: HintHeads) -> Optimizer:
    """Give the matrices of both parts' layers to Muon and the rest to AdamW."""
    matrices, others = [], list(heads.parameters())
    for name, parameter in model.named_parameters():
        inside = "layers" in name or "blocks" in name or "merger" in name
        (matrices if inside and parameter.ndim == 2 else others).append(parameter)
    return Optimizer(Muon(matrices, MATRIX_RATE, decay=MATRIX_DECAY), [{"params": others}], OTHER_RATE)


def main() -> None:
    """Parse the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=6500)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end early, with the whole schedule")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--workers", type=int, default=9)
    parser.add_argument("--pool-rows", type=int, default=300_000)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
