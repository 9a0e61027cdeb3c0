"""Engines behind the port FaceModel, and the packs of weights that they run."""
