# oracle: flooded
import os


def attack():
    for _ in range(300):
        os.write(1, b"spam " * 1000)
