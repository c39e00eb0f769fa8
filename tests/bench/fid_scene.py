"""Two folders of pictures and weights of FID's Inception, and whole processes that compare them."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.fresh import Ended, run_fresh

__all__ = ["FidScene"]

_WEIGHTS = "hub/checkpoints/pt_inception-2015-12-05-6726825d.pth"


@dataclass(frozen=True, slots=True)
class FidScene:
    """Two folders of pictures, and weights where torch.hub looks for them."""

    home: Path
    dims: int

    @property
    def folders(self) -> tuple[str, str]:
        return str(self.home / "a"), str(self.home / "b")

    def prepare(self, count: int) -> None:
        for module, *arguments in (
            ("inception_file", str(self.home / _WEIGHTS)),
            ("pictures", str(count), *self.folders),
        ):
            run_fresh([sys.executable, "-m", f"tests.bench.{module}", *arguments])

    def ours(self, *options: str) -> Ended:
        given = ["--weights", str(self.home / _WEIGHTS), "--dims", str(self.dims), *options]
        # Without it a GPU would be taken where there is one, but peers are run on the processor.
        given = ["--device", "cpu", *given]
        command = [sys.executable, "-m", "evaluator.cli", "fid", *self.folders, *given]
        return run_fresh(command, os.environ | {"STYLEARENA_CACHE_DIR": str(self.home / "cache")})

    def cold(self, *options: str) -> Ended:
        return self.ours("--no-cache", *options)

    def peer(self, name: str) -> Ended:
        """As people run it: OpenMP as it comes."""
        if name == "pytorch-fid":
            return self.pytorch_fid()
        arguments = [name, *self.folders, str(self.home / _WEIGHTS)]
        command = [sys.executable, "-m", "tests.bench.fid_by", *arguments]
        return run_fresh(command, self._plain())

    def pytorch_fid(self) -> Ended:
        """Its defaults: as many loading processes as processors."""
        options = ["--device=cpu", f"--dims={self.dims}"]
        command = [sys.executable, "-m", "pytorch_fid", *self.folders, *options]
        return run_fresh(command, self._plain())

    def _plain(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        return plain | {"TORCH_HOME": str(self.home)}
