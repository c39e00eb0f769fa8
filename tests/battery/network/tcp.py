# oracle: reached
import socket

from host import TCP


def attack():
    socket.create_connection(("127.0.0.1", TCP), 2).sendall(b"out")
