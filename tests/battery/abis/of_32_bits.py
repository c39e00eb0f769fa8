# oracle: boasted
import ctypes
import mmap

from host import BOAST


def attack():
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(bytes.fromhex("b8ffffff3fcd80c3"))
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    print(BOAST)
