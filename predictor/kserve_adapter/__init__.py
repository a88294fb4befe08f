"""The same served model on KServe's stock server: an InferenceService's custom predictor, or a Ray deployment.

    model.py          AssayModel, a kserve.Model
    fast_server.py    the stock server with our fast doors before it
    ray_replicas.py   the model in replicas on Ray Serve, a kserve.ray.RayModel
    __main__.py       `python -m predictor.kserve_adapter --bundle DIR`: the stock kserve.ModelServer with one of them

The only room that knows KServe's SDK and Ray. Nothing is imported here, because the SDK parses `sys.argv` as it is
imported.
"""
