"""`zhenglian node serve`: a supervisor, the core, and fronts beside it."""
