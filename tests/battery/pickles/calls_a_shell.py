# oracle: marked
import os

from host import MARKS


def attack():
    import pickle
    class Payload:
        def __reduce__(self):
            return (os.system, (f"touch {MARKS}/was-here",))
    pickle.loads(pickle.dumps(Payload()))
