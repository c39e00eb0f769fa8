# oracle: hung
import signal
import time


def attack():
    for number in set(signal.valid_signals()) - {9, 19}:
        signal.signal(number, signal.SIG_IGN)
    time.sleep(3)
