# oracle: leaked
import mmap

from host import SECRET


def attack():
    with open(SECRET) as file:
        print(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ).read())
