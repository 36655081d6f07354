"""What the cloud home's model servers say late."""
