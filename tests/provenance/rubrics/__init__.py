"""Runs C2PA's own asset rubrics, read from $VOLARY_DATA and never copied, with Adobe's json-formula under Node."""
