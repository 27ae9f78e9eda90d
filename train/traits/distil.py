"""Learn from w what was told of pictures: a small network, in the form that `gan.scorer` reads."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan.layers import activate

OnProgress = Callable[[str, int, int], None]

HIDDEN = (256, 256)  # widths of the layers between w and the score
HELD_BACK = 0.1  # of the creatures: how well w tells the score is measured on these
BATCH = 256
LR = 1e-3
WEIGHT_DECAY = 0.05
DROPOUT = 0.1


class Head(nn.Module):
    """Standardised w [N, w_dim] → [N]."""

    def __init__(self, w_dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in itertools.pairwise((w_dim, *HIDDEN, 1)))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        *hidden, last = self.layers
        for layer in hidden:
            x = self.dropout(activate(layer(x)))
        return last(x)[:, 0]

    @torch.no_grad()
    def tensors(self, mean: Tensor, spread: Tensor) -> dict[str, Tensor]:
        """The weights, for w as it is: what standardises it by `mean` and `spread` is folded in."""
        found: dict[str, Tensor] = {}
        for i, layer in enumerate(self.layers):
            assert isinstance(layer, nn.Linear)
            weight, bias = layer.weight.detach(), layer.bias.detach()
            if i == 0:
                weight = weight / spread
                bias = bias - weight @ mean
            found |= {f"{i}.weight": weight.half(), f"{i}.bias": bias.clone()}
        return found


def distil(
    w: Tensor,  # [N, w_dim]
    scores: Tensor,  # [N]
    steps: int,
    seed: int = 0,
    progress: OnProgress = lambda *_: None,
) -> tuple[dict[str, Tensor], float]:
    """The tensors of a scorer, and the correlation of what it says with scores that it did not see.

    What it says is in units of the scores' spread: only the order of candidates matters. The global random
    state is left as it was.
    """
    held_back = max(2, int(len(w) * HELD_BACK))
    mean, spread = w.mean(dim=0), w.std(dim=0) + 1e-6
    x, y = (w - mean) / spread, (scores - scores.mean()) / scores.std()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = Head(w.shape[1])
        optimizer = torch.optim.AdamW(head.parameters(), LR, weight_decay=WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps)
        for step in range(steps):
            chosen = torch.randint(len(x) - held_back, (BATCH,))
            loss = (head(x[chosen]) - y[chosen]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if step % 100 == 0 or step == steps - 1:
                progress("Distilling", step + 1, steps)
    head.eval()
    with torch.no_grad():
        told = head(x[-held_back:])
    correlation = float(torch.corrcoef(torch.stack([told, y[-held_back:]]))[0, 1])
    return head.tensors(mean, spread), correlation
