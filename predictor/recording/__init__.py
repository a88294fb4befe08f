"""What was asked and what was answered, written down without the caller's waiting for it.

    prediction -> prediction_recorder.py (the seam) -> queued_recorder.py -> record.py (one line of JSON)
    run of several requests -> recorded_run.py      ->                    -> run_lines.py (a line of each)
               -> record_sink.py (where records go) -> json_lines_sink.py
                                                    -> database_sink.py, as rows (prediction_rows.py)
               -> spool.py while the sink cannot be written to, and from there, in order, once it can again

    record_directory.py   which files of a directory are this process's
    metrics.py            what became of the records

Whatever else keeps records is one more RecordSink: the queue and the spool in front of it are the same.
"""
