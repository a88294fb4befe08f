"""Who may ask what, and how often: keys, scopes, limits. A leaf, shared by the predictor, the console and the program.

    scopes.py          what a key may allow, and which scope a door needs
    key_file.py        the file of keys: made, changed, revoked; it holds hashes, and no key
    keyring.py         the keys of a file, read again when it changes
    request_rates.py   how often one caller may ask
    doorkeeper.py      all of that, asked once a request
    reach.py           whether an address is reached by other machines
    tls.py             the server's side of TLS: certificates that are renewed, clients that have to show theirs
    caller.py          the other side: the key and the certificates that a program of ours shows
    settings.py        what is set of that in the environment
    browser.py         what browsers are told and asked
    description.py     what a description of an API says of keys
    errors.py          what can go wrong

Which doors there are, and their scopes, is said by the rooms that have them.
"""
