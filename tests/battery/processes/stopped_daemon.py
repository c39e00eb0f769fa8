# oracle: outlived
import os
import signal
import time


def attack():
    if os.fork() == 0:
        os.setsid()
        os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(0.5)
