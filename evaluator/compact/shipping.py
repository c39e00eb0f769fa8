"""Taking trained weights into the package: the files, and the table of their digests."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from evaluator.backbones.weights import PACKAGED, sha256_of
from evaluator.compact import shipped
from evaluator.compact.shipped import SHIPPED, Shipped
from evaluator.errors import ParticipantError

__all__ = ["MOST_BYTES", "ship_all"]

MOST_BYTES = 4_000_000


def ship_all(work: Path) -> Mapping[str, Shipped]:
    """Copy ``work``'s three files; ParticipantError ``compact.missing``, ``compact.too_large``."""
    files = {name: work / f"compact-{name}.safetensors" for name in SHIPPED}
    missing = [str(path) for path in files.values() if not path.is_file()]
    if missing:
        raise ParticipantError(
            "compact.missing", f"{', '.join(missing)} are not there; train these networks first."
        )
    found = {name: Shipped(p.stat().st_size, sha256_of(p)) for name, p in files.items()}
    if (total := sum(file.size for file in found.values())) > MOST_BYTES:
        raise ParticipantError(
            "compact.too_large",
            f"The weights have {total:,} bytes of at most {MOST_BYTES:,}; make networks smaller.",
        )
    for path in files.values():
        shutil.copyfile(path, PACKAGED / path.name)
    _write_table(Path(shipped.__file__), found)
    return found


def _write_table(module: Path, files: Mapping[str, Shipped]) -> None:
    text = module.read_text("utf-8")
    for name, file in files.items():
        old = rf'"{name}": Shipped\(\s*[\d_]+,\s*"[0-9a-f]*",?\s*\)'
        # The trailing comma keeps the formatter from joining these lines, whatever their length.
        lines = (f'"{name}": Shipped(', f"    {file.size:_},", f'    "{file.sha256}",', ")")
        new = "\n        ".join(lines)
        text, count = re.subn(old, new, text)
        if count != 1:
            raise ValueError(f"{module} has no place for {name}")
    module.write_text(text, "utf-8")
