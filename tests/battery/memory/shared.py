# oracle: bloated
import mmap
import time


def attack():
    held = mmap.mmap(-1, 500 << 20)
    for at in range(0, 500 << 20, 4096):
        held[at] = 1
    time.sleep(1)
