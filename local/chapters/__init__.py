"""The tour, one capability a module: `TITLE`, and `run(tour)` that does it for real and says what was seen."""
