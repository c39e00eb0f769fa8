from pathlib import Path


def load(device):
    for number in range(100):
        Path(f"/tmp/{number}").write_bytes(bytes(4 << 20))
