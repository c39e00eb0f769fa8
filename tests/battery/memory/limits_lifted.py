# oracle: boasted
import resource

from host import BOAST


def attack():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    print(BOAST)
