# oracle: boasted
import os

from host import BOAST, JUDGE


def attack():
    os.kill(JUDGE, 0)
    print(BOAST)
