from pathlib import Path


def load(device):
    return Path(__file__).with_name("cache.bin").write_bytes(b"1")
