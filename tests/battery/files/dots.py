# oracle: leaked
import os

from host import SECRET


def attack():
    print(open(os.path.join(os.getcwd(), *[".."] * 30, SECRET.lstrip("/"))).read())
