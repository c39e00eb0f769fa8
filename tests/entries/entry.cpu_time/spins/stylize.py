def load(device):
    while True:
        pass
