def load(device):
    return lambda content, style: content * float("nan")
