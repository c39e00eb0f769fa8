# oracle: boasted
from host import BOAST


def attack():
    with open("/proc/sys/kernel/core_pattern", "r+") as file:
        file.write(file.read())
    print(BOAST)
