"""``python -m tests.bench.fid_by PEER A B WEIGHTS``: FID of two folders, as the peer's users ask.

Each with its own defaults; all read the same weights of the published form, which pytorch-fid and
clean-fid look for in TORCH_HOME. Prints the number last.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

__all__ = ["PEERS"]


def clean_fid(a: str, b: str, _weights: str) -> float:
    """In the mode that resizes as pytorch-fid; its default's network cannot be had offline."""
    import torch
    from cleanfid import fid

    return float(fid.compute_fid(a, b, mode="legacy_pytorch", device=torch.device("cpu")))


def torch_fidelity(a: str, b: str, weights: str) -> float:
    from torch_fidelity import calculate_metrics

    found = calculate_metrics(
        input1=a,
        input2=b,
        cuda=False,
        fid=True,
        verbose=False,
        cache=False,
        feature_extractor_weights_path=weights,
    )
    return float(found["frechet_inception_distance"])


def torchmetrics(a: str, b: str, weights: str) -> float:
    """A module without a command: batches of 50 by torchvision, as its manual shows."""
    import torch
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchvision.io import ImageReadMode, decode_image

    metric = FrechetInceptionDistance(feature=2048, feature_extractor_weights_path=weights)
    for folder, real in ((a, False), (b, True)):
        files = sorted(Path(folder).iterdir())
        for start in range(0, len(files), 50):
            batch = [decode_image(str(f), ImageReadMode.RGB) for f in files[start : start + 50]]
            metric.update(torch.stack(batch), real=real)
    return float(metric.compute())


PEERS: Mapping[str, Callable[[str, str, str], float]] = MappingProxyType(
    {"clean-fid": clean_fid, "torch-fidelity": torch_fidelity, "torchmetrics": torchmetrics}
)


if __name__ == "__main__":
    peer, *arguments = sys.argv[1:]
    print(PEERS[peer](*arguments))
