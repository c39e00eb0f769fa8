# oracle: hung
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    libc.usleep.argtypes = [ctypes.c_uint]
    for _ in range(6):
        libc.usleep(500_000)
