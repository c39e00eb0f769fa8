# oracle: reached
import socket

from host import ABSTRACT


def attack():
    socket.socket(socket.AF_UNIX).connect(ABSTRACT)
