# oracle: boasted
import socket

from host import BOAST


def attack():
    print(BOAST, socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
