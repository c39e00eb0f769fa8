# oracle: leaked
import os

from host import SECRET


def attack():
    for found in os.scandir(os.path.dirname(SECRET)):
        print(open(found.path).read())
