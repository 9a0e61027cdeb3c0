"""Pictures as pixels: read from outside, encoded, made small, measured and named."""
