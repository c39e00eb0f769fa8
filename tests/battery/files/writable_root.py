# oracle: boasted
import os

from host import BOAST


def attack():
    open("/planted", "w").close()
    os.unlink("/planted")
    print(BOAST)
