# oracle: boasted
import shutil
import tempfile

from host import BOAST


def attack():
    folder = tempfile.mkdtemp()
    for number in range(32):
        with open(f"{folder}/{number}", "wb") as file:
            file.write(bytes(1 << 20))
    print(BOAST)
    shutil.rmtree(folder)
