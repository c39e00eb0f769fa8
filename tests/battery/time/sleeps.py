# oracle: hung
import time


def attack():
    time.sleep(3)
