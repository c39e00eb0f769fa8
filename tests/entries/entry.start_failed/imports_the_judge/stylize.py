import evaluator.scoring


def load(device):
    return evaluator.scoring
