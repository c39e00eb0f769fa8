"""Networks: published ones, written anew to load their weights, and the parts of our own."""
