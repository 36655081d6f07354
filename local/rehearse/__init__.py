"""The cloud home rehearsed on one machine: an AWS emulator, a deployer of our templates, and a model endpoint."""
