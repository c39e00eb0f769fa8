# oracle: hurt
import resource

from host import VICTIM


def attack():
    resource.prlimit(VICTIM, resource.RLIMIT_NOFILE, (8, 8))
