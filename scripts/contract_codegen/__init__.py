"""What `compile_contracts` is made of: compiler, model of the sources, writers."""
