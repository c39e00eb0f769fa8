import os
import pickle


class Payload:
    def __reduce__(self):
        return (os.listdir, ("/home",))


def load(device):
    return lambda content, style: pickle.loads(pickle.dumps(Payload()))
