"""The store of what is deployed by digest: bundles, and the holdouts that they are judged by.

    store_directory.py   what is kept, on disk
    server.py, http/     the process that keeps it, and its doors
    push.py, fetch.py    the clients
    sources.py           where a fetch can fetch from: the web, S3, a file system
    draft.py             the one way in, on either side: written apart, verified whole, renamed

Nothing is ever changed or deleted: a digest that was there stays what it was. This room imports two leaves, bundle and
dataset, and nothing else of ours.
"""
