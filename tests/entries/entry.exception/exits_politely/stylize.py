import sys


def load(device):
    return lambda content, style: sys.exit(0)
