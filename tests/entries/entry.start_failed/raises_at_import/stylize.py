raise ValueError("no weights\x1b[31m here")


def load(device):
    return None
