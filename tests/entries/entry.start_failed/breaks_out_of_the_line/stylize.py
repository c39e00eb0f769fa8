raise RuntimeError("first line\nTraceback (most recent call last):\n\u202egnp.txt\x07" + "x" * 100000)


def load(device):
    return None
