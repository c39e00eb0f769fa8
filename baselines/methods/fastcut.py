"""Unpaired photographs → works of a family, one way, by contrast of patches.

Park, Efros, Zhang, Zhu: "Contrastive Learning for Unpaired Image-to-Image Translation", ECCV 2020,
the variant FastCUT: L_GAN + λ L_PatchNCE(G, H, X) and no identity term.
PatchNCE (equations 2 and 3): at 256 places of five layers of G's encoder (the pixels, both
halvings, the first and the middle block), the feature of the output must be found among those of
the input, in a softmax with τ = 0.07; half of the time the input is mirrored, and the output's
features back (the authors' ``flip_equivariance``). Departures:
- CycleGAN's generator and judges as ours has them: reflection padding throughout, nearest
  upsampling before a convolution, a change of the picture painted in logits
  (``networks/generator``); beside the PatchGAN a judge of frozen features, four times its weight
  (``training/unpaired``); batches of four pictures with a GPU (the authors: of one);
- without a GPU, Muon and Adam at 1e-3 instead of Adam at 2e-4; gradients are clipped, rates fall
  over the last steps, a running mean is exported (``training``);
- λ = 1 (the authors: 1 for CUT, 10 for FastCUT): with 10 no texture comes on a processor;
- a halving's features are taken behind its norm and ReLU (the authors': before them);
- fewer places at the smaller presets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Adam

from baselines.card import Card
from baselines.networks.contrast import PatchHeads, patch_nce
from baselines.networks.generator import ResnetGenerator
from baselines.training.optimisers import optimisers
from baselines.training.pictures import Batch, Pictures
from baselines.training.settings import Settings
from baselines.training.task import Task, Trained, descend
from baselines.training.unpaired import BETAS, IGNORED, SHARED, Judge, UnpairedSettings

__all__ = ["METHOD", "PRESETS", "FastCUT", "FastCUTSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FastCUTSettings(UnpairedSettings):
    """``places`` are compared in each layer, by heads of ``head`` units; ``nce`` is λ."""

    LEAST: ClassVar[Mapping[str, int]] = {**UnpairedSettings.LEAST, "places": 1, "head": 1}

    places: int = 256
    head: int = 256
    nce: float = 1.0


PRESETS = {
    "smoke": FastCUTSettings(**SHARED["smoke"], places=16, head=8),
    "cpu": FastCUTSettings(**SHARED["cpu"], steps=2000, places=128, head=64),
    "gpu": FastCUTSettings(**SHARED["gpu"]),
}


class FastCUT(Task):
    """``network`` is G; its encoding half gives the features that are compared."""

    def __init__(
        self,
        network: ResnetGenerator,
        settings: FastCUTSettings,
        pictures: Pictures,
        device: torch.device,
    ) -> None:
        self.settings, self._generator = settings, network
        w = settings.width
        self.judge = Judge(settings, pictures.whole_works(), device)
        self.heads = PatchHeads((3, 2 * w, 4 * w, 4 * w, 4 * w), settings.head)
        self.modules = nn.ModuleDict(
            {"network": network, "judge": self.judge, "heads": self.heads}
        ).to(device)
        learners = [*network.parameters(), *self.heads.parameters()]
        self._learning = optimisers("generator", learners, settings, BETAS)
        self._judging = {"judge": Adam(self.judge.parameters(), settings.rate, BETAS)}
        self.optimisers = self._learning | self._judging

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        output: Tensor = network(batch.content)
        return output

    def step(self, batch: Batch) -> dict[str, Tensor]:
        mirrored = bool(torch.randint(2, ()))
        work = self.network(batch.content.flip(3) if mirrored else batch.content)
        judged = (self.judge(batch.style, 1) + self.judge(work.detach(), 0)) / 2
        descend(self._judging, judged)
        fooled = self.judge(work, 1)
        contrast = self.contrast(batch.content, work, mirrored=mirrored)
        descend(self._learning, fooled + self.settings.nce * contrast)
        return {"judged": judged, "fooled": fooled, "contrast": contrast}

    def contrast(self, content: Tensor, work: Tensor, *, mirrored: bool) -> Tensor:
        """Equation 3: the mean over layers; the work is of the mirrored content if so said."""
        ours, theirs = self._generator.taps(work), self._generator.taps(content)
        ours = [x.flip(3) for x in ours] if mirrored else ours
        places = [
            torch.randperm(x[0, 0].numel())[: self.settings.places].to(x.device) for x in ours
        ]
        pairs = zip(self.heads(ours, places), self.heads(theirs, places), strict=True)
        return torch.stack([patch_nce(q, k) for q, k in pairs]).mean()


def network(settings: Settings, styles: tuple[str, ...]) -> nn.Module:
    assert isinstance(settings, FastCUTSettings)  # noqa: S101  (tells mypy)
    return ResnetGenerator(settings.width, settings.blocks, kernel=7)


def task(made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device) -> Task:
    assert isinstance(settings, FastCUTSettings)  # noqa: S101  (tells mypy)
    assert isinstance(made, ResnetGenerator)  # noqa: S101  (tells mypy)
    return FastCUT(made, settings, pictures, device)


METHOD = Trained(
    name="fastcut",
    card=Card(
        name="FastCUT",
        authors="The StyleArena developers, after T. Park, A. A. Efros, R. Zhang, J.-Y. Zhu",
        paper="Contrastive Learning for Unpaired Image-to-Image Translation, ECCV 2020",
        licence="Apache-2.0",
    ),
    presets=PRESETS,
    network=network,
    task=task,
    ignores=IGNORED | {"cycle", "identity", "pool"},
    tied=True,
)
