# oracle: boasted
import ctypes

from host import BOAST

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    if libc.socket(31, 3, 1) >= 0 or ctypes.get_errno() in (97, 93):
        print(BOAST)
