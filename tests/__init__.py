"""The tests. A package, because a dependency of theirs installs one of the same name."""
