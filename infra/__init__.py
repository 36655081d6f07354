"""How the cloud home is built and described; the product itself never imports it."""
