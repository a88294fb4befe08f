"""The serving process: a verified bundle behind the V2 protocol and the doors around it."""
