"""What both revisions recorded while a rollout runs, and the true labels that come later.

    answers.py       a recorded answer, and those of both revisions
    predictions.py   the files that predictors write (docs/serving.md, Recording), read as they grow
    labels.py        true labels by request, as somebody hands them in
    label_store.py   where these are kept
    findings.py      what the labels show of the canary, and how many rows have none; pure
    agreement.py     whether both say the same to the requests that both answered; pure
    live_labels.py   one look at all of it

RecordsError
├── RecordsMissing   the recorded predictions cannot be read; the call can be repeated
└── LabelsRefused    a file of labels is none, or cannot be kept
"""
