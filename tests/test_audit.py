"""What the dependency audit makes of pip-audit's answer."""

from tests.audit import findings


def test_a_vulnerability_is_told_with_the_version_that_mends_it() -> None:
    fault = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
    packages = [
        {"name": "good", "version": "1", "vulns": []},
        {"name": "bad", "version": "1.9", "vulns": [fault]},
        {"name": "unknown", "skip_reason": "not on PyPI"},
    ]
    assert findings(packages) == ["bad 1.9: PYSEC-1, mended in 2.0"]
