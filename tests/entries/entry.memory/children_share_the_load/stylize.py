import os
import time


def load(device):
    for _ in range(8):
        if os.fork() == 0:
            hoard = bytearray(b"x" * (128 << 20))
            time.sleep(600)
            print(len(hoard))
    time.sleep(600)
