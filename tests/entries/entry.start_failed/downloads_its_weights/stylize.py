import urllib.request


def load(device):
    return urllib.request.urlopen("http://1.1.1.1/weights.pth", timeout=5)
