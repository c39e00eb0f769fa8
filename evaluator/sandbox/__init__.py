"""The sandbox: a confined process for each entry, and the judge's side of it.

``Box`` runs an entry; ``best_rung`` says how well this machine can confine one. The web process may
import this package: neither torch nor onnxruntime is loaded outside a box.
"""

from evaluator.sandbox.box import Box
from evaluator.sandbox.confined import Rung
from evaluator.sandbox.frames import Frame
from evaluator.sandbox.limits import Limits, Usage

__all__ = ["Box", "Frame", "Limits", "Rung", "Usage"]
