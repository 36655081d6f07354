"""`python -m local` is the `volary` command."""

import sys

from local.cli import main

sys.exit(main())
