"""Unpaired photographs → works of a family, one way, by contrast of patches.

Park, Efros, Zhang, Zhu: "Contrastive Learning for Unpaired Image-to-Image Translation", ECCV 2020,
the variant FastCUT: L_GAN + λ L_PatchNCE(G, H, X), λ = 10 and no identity term.
PatchNCE (equations 2 and 3): at 256 places of five layers of G's encoder (the pixels, both
halvings, the first and the middle block), the feature of the output must be found among those of
the input, in a softmax with τ = 0.07; half of the time the input is mirrored, and the output's
features back (the authors' ``flip_equivariance``). Departures:
- those of ``cyclegan``, whose generator, discriminator and least squares it shares, but for the
  pool, which FastCUT has not;
- a halving's features are taken behind its norm and ReLU (the authors': before them);
- fewer places at the smaller presets.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from baselines.card import Card
from baselines.methods.cyclegan import UnpairedSettings, least_squares
from baselines.networks.contrast import PatchHeads, patch_nce
from baselines.networks.discriminator import PatchDiscriminator
from baselines.networks.generator import ResnetGenerator
from baselines.training.pictures import Batch, Pictures
from baselines.training.settings import PERCEPTUAL, Settings
from baselines.training.task import Task, Trained, descend

__all__ = ["METHOD", "PRESETS", "FastCUT", "FastCUTSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FastCUTSettings(UnpairedSettings):
    """``places`` are compared in each layer, by heads of ``head`` units; ``nce`` is λ."""

    places: int = 256
    head: int = 256
    nce: float = 10.0


PRESETS = {
    "smoke": FastCUTSettings(
        steps=3,
        batch=1,
        crop=64,
        load=72,
        width=4,
        blocks=1,
        critic_width=4,
        places=16,
        head=8,
        grid_every=3,
    ),
    "cpu": FastCUTSettings(
        steps=600, batch=1, crop=96, load=128, width=16, blocks=4, places=128, head=64
    ),
    "gpu": FastCUTSettings(
        steps=40_000,
        batch=4,
        crop=256,
        load=286,
        width=48,
        blocks=9,
        critic_width=64,
        precision="bfloat16",
        average=0.999,
    ),
}


class FastCUT(Task):
    """``network`` is G; its encoding half gives the features that are compared."""

    def __init__(
        self, network: ResnetGenerator, settings: FastCUTSettings, device: torch.device
    ) -> None:
        self.settings, self._generator = settings, network
        w = settings.width
        self.judge = PatchDiscriminator(settings.critic_width)
        self.heads = PatchHeads((3, 2 * w, 4 * w, 4 * w, 4 * w), settings.head)
        self.modules = nn.ModuleDict(
            {"network": network, "judge": self.judge, "heads": self.heads}
        ).to(device)
        learners = [*network.parameters(), *self.heads.parameters()]
        self.optimisers = {
            "generator": torch.optim.Adam(learners, settings.rate, (0.5, 0.999)),
            "judge": torch.optim.Adam(self.judge.parameters(), settings.rate, (0.5, 0.999)),
        }

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        output: Tensor = network(batch.content)
        return output

    def step(self, batch: Batch) -> dict[str, Tensor]:
        mirrored = bool(torch.randint(2, ()))
        work = self.network(batch.content.flip(3) if mirrored else batch.content)
        judged = least_squares(self.judge(batch.style), 1)
        judged = (judged + least_squares(self.judge(work.detach()), 0)) / 2
        descend(self.optimisers["judge"], judged)
        fooled = least_squares(self.judge(work), 1)
        contrast = self.contrast(batch.content, work, mirrored=mirrored)
        descend(self.optimisers["generator"], fooled + self.settings.nce * contrast)
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
    return FastCUT(made, settings, device)


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
    ignores=PERCEPTUAL | {"cycle", "identity", "pool"},
    tied=True,
)
