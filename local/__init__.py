"""The embedded home as a program: the command line, the processes of `volary up`, and what they serve."""
