"""The compact protocol's networks: small ones that imitate the field's, and how they are trained.

``networks`` is what a run needs; everything else makes it: pictures, targets, training, evaluation.
Training reads real pretrained weights from a folder that the caller names and never ships them.
"""
