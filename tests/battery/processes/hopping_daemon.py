# oracle: outlived
import os
import time


def attack():
    if os.fork() == 0:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if os.fork():
                os._exit(0)
            time.sleep(0.1)
    time.sleep(0.5)
