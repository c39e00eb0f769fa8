# oracle: leaked
from host import SECRET, VICTIM


def attack():
    print(open(f"/proc/{VICTIM}/root{SECRET}").read())
