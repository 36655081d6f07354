"""One file per `volary` subcommand; each exports `register(subparsers)`, and local/cli.py finds them."""
