# oracle: marked
from host import SECRET


def attack():
    open(SECRET, "w").write("gone")
