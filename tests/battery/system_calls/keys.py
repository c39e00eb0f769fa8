# oracle: boasted
import ctypes
import errno

from host import BOAST

libc = ctypes.CDLL(None, use_errno=True)


def reached(*call):
    """Boast unless the kernel was kept from looking at the call."""
    if libc.syscall(*call) >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        print(BOAST)


def attack():
    reached(250, 0, 99)
