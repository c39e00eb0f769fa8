"""One step of sliced transport on blocks of pixels: as graph functions and on torch tensors.

A picture is cut into block×block patches, the patches are rotated, each axis is matched by sorting
(exact transport in one dimension), rotated back and put together again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from baselines.graph import function

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["match", "match_functions"]


def match_functions(block: int) -> tuple[str, ...]:
    """``ToBlocks`` and ``Match`` of the domain ``local``, for one size of block."""
    return _to_blocks(block), _match(block)


def _to_blocks(block: int) -> str:
    """[N, 3·block², rows, columns] after padding: the shift before, to a multiple after."""
    return function(
        f"ToBlocks{block}",
        "(x, shift) => (blocks)",
        f"""
        zeros = Constant<value_ints = [0, 0]>()
        block = Constant<value_int = {block}>()
        size = Shape<start=2>(x)
        moved = Add(size, shift)
        short = Neg(moved)
        tail = Mod(short, block)
        ends = Concat<axis=0>(zeros, shift, zeros, tail)
        padded = Pad<mode="reflect">(x, ends)
        blocks = SpaceToDepth<blocksize={block}>(padded)
        """,
    )


def _match(block: int) -> str:
    """One step of algorithm 1: the blocks of ``x`` towards those of ``s``, of the same size."""
    return function(
        f"Match{block}",
        "(x, s, rotation, shift, stride) => (y)",
        f"""
        flat = Constant<value_ints = [0, 0, -1]>()
        axes = Constant<value_ints = [2, 3]>()
        source = local.ToBlocks{block}(x, shift)
        target = local.ToBlocks{block}(s, shift)
        source_samples = Reshape(source, flat)
        target_samples = Reshape(target, flat)
        source_rotated = MatMul(rotation, source_samples)
        target_rotated = MatMul(rotation, target_samples)
        count = Shape<start=2>(source_samples)
        source_sorted, order = TopK<axis=2, largest=0>(source_rotated, count)
        target_sorted, unused = TopK<axis=2, largest=0>(target_rotated, count)
        matched = ScatterElements<axis=2>(source_rotated, order, target_sorted)
        back = Transpose<perm=[1, 0]>(rotation)
        samples = MatMul(back, matched)
        grid = Shape(source)
        blocks = Reshape(samples, grid)
        padded = DepthToSpace<blocksize={block}>(blocks)
        size = Shape<start=2>(x)
        ends = Add(shift, size)
        match = Slice(padded, shift, ends, axes)
        way = Sub(match, x)
        part = Mul(way, stride)
        y = Add(x, part)
        """,
    )


def match(x: Tensor, s: Tensor, rotation: Tensor, block: int, shift: tuple[int, int]) -> Tensor:
    """``x`` with its blocks matched to those of ``s`` [N, 3, H, W], on the axes of ``rotation``."""
    (dy, dx), (height, width) = shift, x.shape[-2:]
    source, target = _blocks(x, block, shift), _blocks(s, block, shift)
    rotated = rotation @ source.flatten(1, 3).flatten(2)
    order = rotated.argsort(dim=2, stable=True)
    ranked = (rotation @ target.flatten(1, 3).flatten(2)).sort(dim=2).values
    matched = rotation.T @ rotated.scatter(2, order, ranked)
    padded = matched.view(source.shape).permute(0, 3, 4, 1, 5, 2).flatten(4).flatten(2, 3)
    return padded[:, :, dy : dy + height, dx : dx + width]


def _blocks(x: Tensor, block: int, shift: tuple[int, int]) -> Tensor:
    """[N, block, block, 3, rows, columns], the order of ONNX's SpaceToDepth."""
    from torch.nn.functional import pad

    (dy, dx), (height, width) = shift, x.shape[-2:]
    padded = pad(x, (dx, -(width + dx) % block, dy, -(height + dy) % block), mode="reflect")
    rows, columns = padded.shape[2] // block, padded.shape[3] // block
    cells = padded.view(len(x), 3, rows, block, columns, block)
    return cells.permute(0, 3, 5, 1, 2, 4)
