"""The same served model on KServe's stock server: an InferenceService's custom predictor, or a Ray deployment.

    model.py      AssayModel, a kserve.Model
    __main__.py   `python -m predictor.kserve_adapter --bundle DIR`: the stock kserve.ModelServer with it

The only room that knows KServe's SDK. Nothing is imported here, because the SDK parses `sys.argv` as it is imported.
"""
