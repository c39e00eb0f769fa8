# oracle: marked
import os

from host import MARKS, SECRET


def attack():
    os.link(SECRET, os.path.join(MARKS, "link"))
