"""How ``stylearena fid`` computes features, as its user chose it. Light."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Choice", "Mode", "Resize"]

Mode = Literal["exact", "fast"]
Resize = Literal["pytorch", "clean"]


@dataclass(frozen=True, slots=True)
class Choice:
    """How features are computed; ``mode`` "fast" is bfloat16, about 1e-3 off.

    ``resize``: to Inception's 299² as pytorch-fid does, or as clean-fid (``clean_resizing``).
    """

    dims: int = 2048
    device: str = "cpu"
    mode: Mode = "exact"
    resize: Resize = "pytorch"

    @property
    def engine(self) -> str:
        """What computes; features of different engines differ in their last digits."""
        import importlib.metadata

        library = "onnxruntime" if self.device == "cpu" and self.mode == "exact" else "torch"
        version = importlib.metadata.version(library)
        return f"{library} {version} {self.device} {self.mode} {self.resize}"
