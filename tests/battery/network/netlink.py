# oracle: boasted
import socket

from host import BOAST


def attack():
    print(BOAST, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
