"""Figures of the whole system beside bare baselines, measured side by side in one run (docs/benchmarks.md)."""
