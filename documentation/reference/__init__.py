"""The pages of docs/reference, one module each: `page()` reads it off the program, and raises NotDocumented."""
