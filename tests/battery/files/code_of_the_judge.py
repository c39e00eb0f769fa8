# oracle: boasted
from host import BOAST


def attack():
    import evaluator.errors

    print(BOAST, evaluator.errors.__file__)
