# oracle: leaked
from host import SHM


def attack():
    print(open(SHM).read())
