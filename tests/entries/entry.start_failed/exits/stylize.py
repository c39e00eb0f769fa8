import os


def load(device):
    os._exit(3)
