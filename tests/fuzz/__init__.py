"""Every parser that takes bytes from outside, against bytes that nobody meant to send.

    parsers/       the list: each parser's name, valid samples by the product's own writers, the call, what it may raise
    names.py       their names
    mutations.py   samples with something changed, as hypothesis draws them and shrinks them again
    bounds.py      what has to hold for every input
    run.py         a parser for a number of inputs or of seconds
    __main__.py    `make fuzz`

A few inputs of each parser are a part of the tests (test_every_parser.py); `make fuzz` goes on for as long as it is
let. docs/testing.md says how, docs/decisions/0027-fuzzing.md why so.
"""
