# oracle: bloated
import os
import time


def attack():
    for _ in range(5):
        if os.fork() == 0:
            held = bytearray(b"x" * (100 << 20))
            time.sleep(2)
            os._exit(0)
    time.sleep(2)
