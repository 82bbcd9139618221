"""A process that prints what it was told, and ends with the status of its argument; without one it waits to be ended."""

import json
import os
import signal
import sys

if __name__ == "__main__":
    told = {
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "leads": os.getsid(0) == os.getpid(),
        "input": sys.stdin.read(),
    }
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()
    if not sys.argv[1:]:
        signal.pause()
    sys.exit(int(sys.argv[1]))
