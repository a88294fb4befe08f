"""The door for one request of any kind, rows or a picture: what was asked, and the answer with its best classes."""
