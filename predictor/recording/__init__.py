"""What was asked and what was answered, written down without the caller's waiting for it.

In the serving process, of everything as little as possible:

    prediction -> prediction_recorder.py (the seam) -> queued_recorder.py -> chunk.py -> spool_writer.py
                  as kept_prediction.py, or recorded_run.py of several requests

In the delivery process (__main__.py), which delivery_process.py starts and looks after:

    spool_reader.py -> delivery.py -> chunk_records.py (record.py) -> record_sink.py (where records go)
                                                                      json_lines_sink.py
                                                                      database_sink.py, as rows (prediction_rows.py)

    spool_folder.py       what both know of the spool between them
    record_directory.py   which files of a directory are this process's
    metrics.py            what became of the records

Whatever else keeps records is one more RecordSink: all before it is the same.
"""
