"""The commands of ``stylearena``, one module each: they parse, call the evaluator and print."""
