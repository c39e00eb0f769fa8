# oracle: marked
import os

from host import MARKS


def attack():
    open(os.path.join(MARKS, "was-here"), "w").close()
