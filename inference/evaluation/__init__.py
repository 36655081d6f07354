"""Judges the generator's clips by readers of picture and sound that were trained on renders alone."""
