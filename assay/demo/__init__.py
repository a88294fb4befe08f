"""`assay demo`: the whole story on one machine, told with the program's own commands and real processes."""
