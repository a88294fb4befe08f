"""What the documentation is made by: its site, and the pages of its reference, which are read off the program.

    make docs              the site, into build/site (site_hooks.py)
    make reference-docs    docs/reference, written anew (__main__.py)

It may import every room and nobody imports it; the program is built without it.
"""
