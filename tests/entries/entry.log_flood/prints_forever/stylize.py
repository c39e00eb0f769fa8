import os

while True:
    os.write(1, b"spam " * 10000)


def load(device):
    return None
