# oracle: boasted
import socket

from host import BOAST


def attack():
    server = socket.create_server(("127.0.0.1", 0))
    print(BOAST)
