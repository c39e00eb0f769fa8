"""Management commands of the competitions app."""
