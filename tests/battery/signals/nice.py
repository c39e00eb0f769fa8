# oracle: hurt
import os

from host import VICTIM


def attack():
    os.setpriority(os.PRIO_PROCESS, VICTIM, 19)
