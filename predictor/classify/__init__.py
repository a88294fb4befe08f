"""The door for rows of raw feature values: bodies in (JSON, CSV), class names and probabilities out. No transport."""
