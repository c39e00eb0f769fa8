# oracle: crowded
import threading
import time


def attack():
    for _ in range(120):
        threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
    time.sleep(1.5)
