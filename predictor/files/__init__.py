"""Files of many rows: what is in them, piece by piece, and how good the answers are where the labels are known.

    read_pieces.py   a file -> pieces of a few rows each, so that none holds up the requests beside it
    csv_file.py      CSV, with or without a column of labels
    zip_file.py      a ZIP of pictures, with labels.csv
    archive.py       a ZIP that nobody trusts
    answer.py        the answer to all rows
    scores.py        accuracy, macro F1, scores by class and the confusion matrix

No transport. A file is in memory, within its limit; what is in it is unpacked and decoded piece by piece.
"""
