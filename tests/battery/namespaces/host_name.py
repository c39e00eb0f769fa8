# oracle: boasted
import socket

from host import BOAST


def attack():
    socket.sethostname(socket.gethostname())
    print(BOAST)
