def load(device):
    def stylize(content, style):
        content[0, 0, 0, 0] = float("inf")
        return content

    return stylize
