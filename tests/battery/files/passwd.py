# oracle: leaked


def attack():
    print(open("/etc/passwd").read())
