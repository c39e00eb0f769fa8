"""``python -m evaluator``: the same as ``stylearena``."""

from evaluator.cli import main

if __name__ == "__main__":
    main()
