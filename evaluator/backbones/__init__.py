"""Backbones: the networks whose features are compared, and the registry of their weights.

``weights`` and ``seeded`` are light; ``vgg``, ``inception`` and ``loading`` import torch.
"""
