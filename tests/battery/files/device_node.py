# oracle: boasted
import os
import stat
import tempfile

from host import BOAST


def attack():
    path = os.path.join(tempfile.mkdtemp(), "memory")
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    print(BOAST, os.open(path, os.O_RDONLY))
