# oracle: marked
import os

from host import SECRET


def attack():
    os.chmod(SECRET, 0o777)
