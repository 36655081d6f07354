"""Makes the corpus and trains the generator; the served model never imports anything from here."""
