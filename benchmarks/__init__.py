"""Benchmarks against other systems, in the same run, on the same two cores. See README.md."""
