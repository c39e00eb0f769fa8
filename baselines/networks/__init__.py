"""Networks of published methods, written anew to load their published weights."""
