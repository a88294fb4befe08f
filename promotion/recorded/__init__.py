"""What both revisions recorded while a rollout runs, and the true labels that come later.

    answers.py               a recorded answer, whose it is, and those of both revisions
    answer_source.py         the seam: these as they are recorded
    predictions.py           ... from the files that predictors write (docs/serving.md, Recording)
    database_predictions.py  ... from the database of records
    labels.py                true labels by request, as somebody hands them in
    label_store.py           where these are kept
    findings.py              what the labels show of the canary, and how many rows have none; pure
    agreement.py             whether both say the same to the requests that both answered; pure
    live_labels.py           one look at all of it

RecordsError
├── RecordsMissing   the recorded predictions cannot be read; the call can be repeated
└── LabelsRefused    a file of labels is none, or cannot be kept
"""
