import tensorflow


def load(device):
    return tensorflow
