"""The demo dataset: real photographs and painted works, made on this machine without a download."""

from evaluator.demo.builder import RECIPE, build_demo, demo_dataset

__all__ = ["RECIPE", "build_demo", "demo_dataset"]
