# oracle: boasted
import socket

from host import BOAST


def attack():
    print(BOAST, socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300))
