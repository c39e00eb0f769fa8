# oracle: marked
import os


def attack():
    open(os.path.join(os.path.dirname(__file__), "planted.py"), "w").write("planted")
