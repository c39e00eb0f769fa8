"""``make audit``: known vulnerabilities of the packages that requirements.lock pins, by pip-audit.

Skipped with its reason where no vulnerability service can be reached; a finding ends with status 1.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# A finding that does not touch us, by its id, with the reason; none at present.
ACCEPTED: Mapping[str, str] = {}
_PATIENCE = 300
_COMMAND = (
    *(sys.executable, "-m", "pip_audit", "--requirement", "requirements.lock"),
    *("--no-deps", "--disable-pip", "--require-hashes"),
    *("--progress-spinner", "off", "--timeout", "15", "--format", "json"),
)


def main() -> int:
    try:
        done = subprocess.run(
            _COMMAND, cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return _skip(f"pip-audit gave no answer in {_PATIENCE} seconds")
    if not done.stdout.strip():
        return _skip((done.stderr.strip() or "pip-audit said nothing").splitlines()[-1])
    packages = json.loads(done.stdout)["dependencies"]
    found = findings(packages)
    for line in found:
        print(line, file=sys.stderr)
    unknown = sum("skip_reason" in package for package in packages)
    if unknown == len(packages):
        return _skip("the vulnerability service knows none of the packages")
    print(f"audit: {len(packages)} packages, {unknown} not looked up, {len(found)} vulnerabilities")
    return 1 if found else 0


def findings(packages: list[dict[str, Any]]) -> list[str]:
    """A line for each vulnerability that is not accepted, with the version that mends it."""
    return [
        f"{package['name']} {package['version']}: {fault['id']}, "
        f"mended in {', '.join(fault['fix_versions']) or 'no version yet'}"
        for package in packages
        for fault in package.get("vulns", ())
        if fault["id"] not in ACCEPTED
    ]


def _skip(reason: str) -> int:
    print(f"audit: skipped, {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
