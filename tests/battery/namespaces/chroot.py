# oracle: boasted
import os

from host import BOAST


def attack():
    os.chroot("/")
    print(BOAST)
