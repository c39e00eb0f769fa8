import time


def load(device):
    time.sleep(600)
