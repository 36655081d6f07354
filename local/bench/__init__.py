"""One file per benchmark; each exports `bench()`, an iterator of JSON lines."""
