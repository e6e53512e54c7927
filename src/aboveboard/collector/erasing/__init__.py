"""Erasing: who may ask for it, and the worker that carries it out until nothing is left."""
