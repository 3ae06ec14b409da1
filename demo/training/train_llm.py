"""Train demo-llm: `python -m demo.training.train_llm --tokenizer TOKENIZER.json --out WEIGHTS.safetensors`."""

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from demo.training.decoder import decode, inverse_frequencies, rope_tables
from demo.training.feeds import Feed
from demo.training.models import HEAD_SIZE, language_model, save_weights
from demo.training.optimizer import Muon, Optimizer
from demo.training.rows import RowPool
from demo.training.shards import Arrays, ShardMakers
from demo.training.text_documents import text_document
from demo.training.tokenizer import WEIGHT_UNITS, Encoder

ROW_TOKENS = 1024
SHARD_ROWS = 256
MATRIX_RATE, OTHER_RATE = 0.02, 3e-3
LOG_EVERY = 200


def shard_maker(encoder: Encoder) -> Callable[[int], Arrays]:
    """Return a function that fills a shard with rows; each row starts with the start of a document."""

    def make(index: int) -> Arrays:
        rng = random.Random(f"llm-{index}")
        rows: list[tuple[np.ndarray, np.ndarray]] = []
        while len(rows) < SHARD_ROWS:
            rows += _packed(encoder([text_document(rng) for _ in range(64)]))
        ids, weights = zip(*rows[:SHARD_ROWS], strict=True)
        return {"ids": np.stack(ids), "weights": np.stack(weights)}

    return make


def _packed(documents: list[tuple[np.ndarray, np.ndarray]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Join documents until a row is full; what is left of the last one is dropped."""
    rows, open_row, length = [], [], 0
    for document in documents:
        open_row.append(document)
        length += len(document[0])
        if length > ROW_TOKENS:
            ids, weights = (np.concatenate(column)[: ROW_TOKENS + 1] for column in zip(*open_row, strict=True))
            rows.append((ids, weights))
            open_row, length = [], 0
    return rows


def train(args: argparse.Namespace) -> None:
    """Train for a fixed number of steps and write bfloat16 weights."""
    with ShardMakers(shard_maker(Encoder(args.tokenizer)), args.workers) as makers:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model = language_model().to(device)
        feed = Feed(makers, SHARD_ROWS, args.pool_rows, device)
        feed.refill(at_least=args.batch)
        try:
            _run(args, model, feed, device)
        finally:  # an interrupted run still leaves its weights
            save_weights(model, args.out)


def _run(args: argparse.Namespace, model: torch.nn.Module, feed: Feed, device: str) -> None:
    optimizer = _optimizer(model)
    loss_of = _loss_function(model, device)
    if device == "cuda" and args.compile:
        loss_of = torch.compile(loss_of)
    started = time.monotonic()
    for step in range(args.steps):
        if step % 4 == 0:
            feed.refill()
        batch = feed.pool.take(args.batch)
        loss, answers = loss_of(batch["ids"].long(), batch["weights"].float() / WEIGHT_UNITS)
        loss.backward()
        optimizer.step(step, args.steps)
        if (step + 1) % LOG_EVERY == 0 or step in (0, 9) or step + 1 == args.steps:
            _log(step + 1, loss.item(), answers.item(), feed.pool, time.monotonic() - started)


def _log(step: int, loss: float, answers: float, pool: RowPool, seconds: float) -> None:
    if loss != loss:
        raise RuntimeError(f"the loss is not a number at step {step}: lower the rates")
    rows = f"rows {pool.added} used {pool.used}"
    print(f"step {step} loss {loss:.4f} answer loss {answers:.4f} {rows} {seconds:.0f} s", flush=True)


def _optimizer(model: torch.nn.Module) -> Optimizer:
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and "layers" in name]
    others = [p for name, p in named if not (p.ndim == 2 and "layers" in name)]
    return Optimizer(Muon(matrices, MATRIX_RATE), [{"params": others}], OTHER_RATE)


def _loss_function(model: torch.nn.Module, device: str) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
    """Return a function of ids and weights (rows, tokens + 1): the weighted loss, and that of answers alone."""
    decoder = model.model
    angles = torch.arange(ROW_TOKENS, device=device)[:, None] * inverse_frequencies(HEAD_SIZE, device)
    tables = rope_tables(angles)

    def loss_of(ids: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            hidden = decode(decoder, decoder.embed_tokens(ids[:, :-1]), tables)
            logits = functional.linear(hidden, decoder.embed_tokens.weight)
        losses = functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        weights = weights[:, 1:].flatten()
        answer = (weights >= 1).float()
        return (losses * weights).sum() / weights.sum(), (losses * answer).sum() / answer.sum()

    return loss_of


def main() -> None:
    """Parse the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=9700)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--workers", type=int, default=14)
    parser.add_argument("--pool-rows", type=int, default=1_000_000)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
