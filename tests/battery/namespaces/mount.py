# oracle: boasted
import ctypes
import tempfile

from host import BOAST

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    folder = tempfile.mkdtemp()
    if libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, None) == 0:
        libc.umount2(folder.encode(), 2)
        print(BOAST)
