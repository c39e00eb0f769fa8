"""One file a method: what its paper says, equation by equation, and where it departs from it."""
