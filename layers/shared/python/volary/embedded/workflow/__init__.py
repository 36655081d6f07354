"""Runs the Amazon States Language files of infra/cdk/workflows: a pure interpreter and a durable driver."""
