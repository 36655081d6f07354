"""Engines beside our own generator: they load other people's large weights from a pinned folder and answer the same
asks (`inference.generator.engine.Engine`). Nothing of `diffusers` is imported before one of them is chosen."""
