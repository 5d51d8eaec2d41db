"""One module a step. A step is never changed once it has been released."""
