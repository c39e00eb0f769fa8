# oracle: leaked
from host import SECRET


def attack():
    raise ValueError(open(SECRET).read())
