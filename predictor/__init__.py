"""The serving process: verified models behind the V2 protocol and the doors around it.

    bytes -> http/ | grpc/ -> open_inference | classify/ -> data_plane.py -> batches.py -> served_model.py
          (checks the signature) -> engines/ -> answer

    settings.py            everything that can be set, and the only place that reads the environment
    wiring.py              the only place that chooses concrete classes
    launch.py              one process, or several
    workers/               several processes that serve as one
    server.py              the life of the process: listen (listener.py), load, warm up, serve, drain
    data_plane.py          what both transports serve, and counts (metrics.py, request_counts.py, request_statistics.py)
    repository.py          which models there are: out of model_sources.py or models_directory.py, loaded by
                           model_loading.py, with model_copies.py for workers that come later
    serving.py             what is being served right now, and whether it is ready
    served_models.py       the table in which a request finds its model
    served_model.py        one model that answers; identity.py says who it is
    signature.py           what it takes; task_answer.py: what its outputs mean; table.py: how rows become its inputs
    foreign_model.py       what is known of an ONNX file that comes without a manifest
    model_card.py          what a model says of itself; examples.py shows how to ask it
    inference_threads.py   where inference runs, and waits for its turn: health answers never do
    batches.py             what waits together runs together
    engines/               InferenceEngine, and ONNX Runtime behind it
    classify/              rows of raw values (JSON, CSV) in, class names and probabilities out
    forward/               the same and pictures in, the best classes and the annotated picture out
    images/                a PNG or JPEG -> a row of the model's input; the answer drawn onto it
    files/                 CSV and ZIP files in pieces; scores where the labels are known
    http/                  the REST transport: thin doors, limits, errors, metrics
    http/quick/            inference of quick models, on the event loop
    grpc/                  the gRPC transport: the same, over the same data plane
    kserve_adapter/        the same served model on KServe's stock server
    request_watch.py       around every request: metrics, recording/, tracing/, request_log.py; request_trail.py is what
                           a request leaves behind for them
    errors.py              what can go wrong; error_table.py says which code each error has
    request_id.py, log_lines.py

Several workers are this whole, several times: what they have in common is in workers/.
"""
