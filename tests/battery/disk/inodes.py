# oracle: marked
import os
import tempfile


def attack():
    folder = tempfile.mkdtemp()
    for number in range(5_000):
        os.close(os.open(f"{folder}/{number}", os.O_CREAT))
