"""From labelled rows to a bundle: extract, fit, export, check parity, evaluate, write."""
