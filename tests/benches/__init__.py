"""What is measured and how: `make bench`, or `make bench ONLY=NAME`.

Each bench writes build/bench/NAME.json with its value and, measured in the same run, the limit that
it is a share of.
"""
