"""Speed and memory, measured; `python -m benchmarks` prints a table."""
