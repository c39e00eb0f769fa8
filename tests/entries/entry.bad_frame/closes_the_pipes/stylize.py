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


def load(device):
    for number in pipes():
        os.close(number)
    import time

    time.sleep(600)
