def load(device):
    def stylize(content, style):
        raise RuntimeError(f"cannot do {tuple(content.shape)}")

    return stylize
