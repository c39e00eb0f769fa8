# oracle: outlived
import os
import signal
import time


def attack():
    if os.fork() == 0:
        os.setsid()
        for number in set(signal.valid_signals()) - {9, 19}:
            signal.signal(number, signal.SIG_IGN)
        time.sleep(30)
    time.sleep(0.5)
