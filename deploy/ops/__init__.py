"""`devcoop ops`: the command line that looks after the whole system (docs/ops.md)."""
