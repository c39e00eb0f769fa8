import os


def load(device):
    return lambda content, style: os.abort()
