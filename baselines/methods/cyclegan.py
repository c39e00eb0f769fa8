"""Unpaired photographs ↔ works of a family: two generators that undo each other.

Zhu, Park, Isola, Efros: "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks", ICCV 2017. L = L_GAN(G, D_Y) + L_GAN(F, D_X) + λ L_cyc (equation 3), λ = 10, with
L_cyc = E‖F(G(x)) − x‖₁ + E‖G(F(y)) − y‖₁ (2), least squares for L_GAN and a pool of 50 pictures
(section 4), L_identity of half of λ (section 5.2), 70×70 PatchGANs. Departures:
- a second judge beside each PatchGAN, of frozen features, four times its weight
  (``training/unpaired``): without it no texture comes in the minutes that a processor has;
- without a GPU, Muon and Adam at 1e-3 instead of Adam at 2e-4;
- reflection padding throughout, nearest upsampling before a convolution, and a change of the
  picture painted in logits (``networks/generator``): training starts at the identity;
- pictures are in 0..1 where the authors' are in −1..1, so that λ = 10 is their 5;
- gradients are clipped, rates fall over the last steps, a running mean is exported (``training``);
- batches of four pictures with a GPU (the authors: of one).

Name a family by ``--style``: with none it is all works, which are no single domain.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Adam

from baselines.card import Card
from baselines.networks.generator import ResnetGenerator
from baselines.networks.pool import PicturePool
from baselines.training.optimisers import optimisers
from baselines.training.pictures import Batch, Pictures
from baselines.training.settings import Settings
from baselines.training.task import Task, Trained, descend
from baselines.training.unpaired import BETAS, IGNORED, SHARED, Judge, UnpairedSettings

__all__ = ["METHOD", "PRESETS", "CycleGAN"]

PRESETS = {
    "smoke": UnpairedSettings(**SHARED["smoke"], pool=2),
    "cpu": UnpairedSettings(**SHARED["cpu"], steps=900),
    "gpu": UnpairedSettings(**SHARED["gpu"]),
}


class CycleGAN(Task):
    """``network`` is G: photograph → work; ``back`` is F."""

    def __init__(
        self,
        network: nn.Module,
        settings: UnpairedSettings,
        pictures: Pictures,
        device: torch.device,
    ) -> None:
        self.settings = settings
        self.forth, self.back = network, _generator(settings)
        self.judge_work = Judge(settings, pictures.whole_works(), device)
        self.judge_photograph = Judge(settings, pictures.whole_contents(), device)
        self.works, self.photographs = (PicturePool(settings.pool, settings.crop) for _ in range(2))
        self.modules = nn.ModuleDict(
            {
                "network": network,
                "back": self.back,
                "judge_work": self.judge_work,
                "judge_photograph": self.judge_photograph,
                "works": self.works,
                "photographs": self.photographs,
            }
        ).to(device)
        generators = [*network.parameters(), *self.back.parameters()]
        critics = [*self.judge_work.parameters(), *self.judge_photograph.parameters()]
        self._learning = optimisers("generators", generators, settings, BETAS)
        self._judging = {"critics": Adam(critics, settings.rate, BETAS)}
        self.optimisers = self._learning | self._judging

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        output: Tensor = network(batch.content)
        return output

    def step(self, batch: Batch) -> dict[str, Tensor]:
        x, y = batch.content, batch.style
        work, photograph = self.forth(x), self.back(y)
        fooled = self.judge_work(work, 1) + self.judge_photograph(photograph, 1)
        cycle = (self.back(work) - x).abs().mean() + (self.forth(photograph) - y).abs().mean()
        same = (self.forth(y) - y).abs().mean() + (self.back(x) - x).abs().mean()
        loss = fooled + self.settings.cycle * (cycle + self.settings.identity * same)
        descend(self._learning, loss)
        critics = self._judged(self.judge_work, y, self.works(work))
        critics = critics + self._judged(self.judge_photograph, x, self.photographs(photograph))
        descend(self._judging, critics)
        return {"fooled": fooled, "cycle": cycle, "identity": same, "critics": critics}

    def _judged(self, judge: nn.Module, real: Tensor, painted: Tensor) -> Tensor:
        both: Tensor = judge(real, 1) + judge(painted, 0)
        return both / 2  # section 4: which slows the discriminators down


def _generator(settings: UnpairedSettings) -> ResnetGenerator:
    return ResnetGenerator(settings.width, settings.blocks, kernel=7)


def network(settings: Settings, styles: tuple[str, ...]) -> nn.Module:
    assert isinstance(settings, UnpairedSettings)  # noqa: S101  (tells mypy)
    return _generator(settings)


def task(made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device) -> Task:
    assert isinstance(settings, UnpairedSettings)  # noqa: S101  (tells mypy)
    return CycleGAN(made, settings, pictures, device)


METHOD = Trained(
    name="cyclegan",
    card=Card(
        name="CycleGAN",
        authors="The StyleArena developers, after J.-Y. Zhu, T. Park, P. Isola, A. A. Efros",
        paper="Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, "
        "ICCV 2017",
        licence="Apache-2.0",
    ),
    presets=PRESETS,
    network=network,
    task=task,
    ignores=IGNORED,
    tied=True,
)
