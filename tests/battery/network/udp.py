# oracle: reached
import socket

from host import UDP


def attack():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"out", ("127.0.0.1", UDP))
