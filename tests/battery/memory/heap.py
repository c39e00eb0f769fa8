# oracle: bloated
import time


def attack():
    held = bytearray(b"x" * (500 << 20))
    time.sleep(1)
