import multiprocessing
import tempfile

import torch


def _double(number):
    return 2 * number


def load(device):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(_double, [1, 2, 3]) == [2, 4, 6]

    def stylize(content, style):
        with tempfile.TemporaryFile() as file:
            torch.save(content, file)
            file.seek(0)
            return torch.load(file)

    return stylize
