"""StyleArena's evaluator: runs an entry in a sandbox and scores its pictures under a protocol.

``from evaluator import evaluate`` is the whole Python API for most uses. Importing the package
loads neither torch nor onnxruntime: they are loaded by the functions that need them.
"""

# Imported here, and not on first use: a later ``import evaluator.evaluate`` would otherwise set
# this name to the module. That module is light on purpose.
from evaluator.evaluate import evaluate
from evaluator.version import __version__

__all__ = ["__version__", "evaluate"]
