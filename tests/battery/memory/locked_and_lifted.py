# oracle: boasted
import resource

from host import BOAST


def attack():
    resource.setrlimit(resource.RLIMIT_NPROC, (resource.RLIM_INFINITY,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100_000, 100_000))
    print(BOAST)
