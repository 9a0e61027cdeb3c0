"""Darkroom: a serverless image platform. The rings, from the outside in:

wiring > adapters | entry > usecases > ports > contracts > domain
"""
