# oracle: leaked
from host import SECRET


def attack():
    print(open(SECRET).read())
