# oracle: hung
import time


def attack():
    end = time.monotonic() + 3
    while time.monotonic() < end:
        pass
