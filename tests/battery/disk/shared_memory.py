# oracle: boasted
import os

from host import BOAST, NAME


def attack():
    path = f"/dev/shm/{NAME}"
    try:
        with open(path, "wb") as file:
            for _ in range(32):
                file.write(bytes(1 << 20))
        print(BOAST)
    finally:
        os.unlink(path)
