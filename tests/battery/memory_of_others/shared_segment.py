# oracle: boasted
import ctypes

from host import BOAST

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    segment = libc.shmget(0, 4096, 0o1600)
    if segment >= 0:
        libc.shmctl(segment, 0, None)
        print(BOAST)
