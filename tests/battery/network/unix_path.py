# oracle: reached
import socket

from host import SOCKET


def attack():
    socket.socket(socket.AF_UNIX).connect(SOCKET)
