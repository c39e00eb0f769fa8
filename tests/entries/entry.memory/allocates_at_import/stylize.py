hoard = []
while True:
    hoard.append(bytearray(b"x" * (32 << 20)))


def load(device):
    return None
