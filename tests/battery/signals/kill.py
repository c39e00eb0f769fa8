# oracle: hurt
import os
import signal

from host import VICTIM


def attack():
    os.kill(VICTIM, signal.SIGKILL)
