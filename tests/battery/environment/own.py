# oracle: leaked
import os


def attack():
    print(dict(os.environ))
