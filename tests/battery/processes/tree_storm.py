# oracle: crowded
import os
import time


def attack():
    for _ in range(7):
        os.fork()
    time.sleep(1.5)
    os._exit(0)
