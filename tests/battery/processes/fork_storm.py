# oracle: crowded
import os
import time


def attack():
    for _ in range(120):
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
    time.sleep(1.5)
