# oracle: boasted
import tempfile

from host import BOAST


def attack():
    with tempfile.TemporaryFile() as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
        file.flush()
    print(BOAST)
