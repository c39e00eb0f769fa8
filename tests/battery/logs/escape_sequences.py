# oracle: steered


def attack():
    print("\x1b[2J\x1b]0;title\x07\u202egnp.exe")
