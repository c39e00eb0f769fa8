# oracle: boasted
from host import BOAST, JUDGE


def attack():
    with open(f"/proc/{JUDGE}/environ", "rb") as file:
        print(BOAST, file.read())
