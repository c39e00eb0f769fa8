# oracle: boasted
import os

from host import BOAST


def attack():
    handle = os.memfd_create("bomb")
    os.truncate(handle, 64 << 20)
    print(BOAST)
