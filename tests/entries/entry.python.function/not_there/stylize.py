def Load(device):
    return None
