# oracle: leaked
import sys

from host import SECRET


def attack():
    sys.exit(open(SECRET).read())
