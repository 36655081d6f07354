"""Says in every run which homes the contracts were held against."""

import os

import pytest


def test_the_contracts_are_held_on_aws():
    if "AWS_ENDPOINT_URL" not in os.environ and os.environ.get("TARGET") != "aws":
        pytest.skip("AWS_ENDPOINT_URL names no emulator and no account: make rehearse runs the contracts there")
