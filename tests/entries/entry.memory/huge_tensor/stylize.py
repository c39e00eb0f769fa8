import torch


def load(device):
    return lambda content, style: torch.ones(1 << 34)
