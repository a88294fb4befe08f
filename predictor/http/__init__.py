"""The REST transport. The only room that knows the web framework.

app.py             the doors put together
request_scope.py   around every request: its id, the model it is for, its metrics, its last resort
v2_doors.py, extension_doors.py, repository_doors.py, classify_door.py, about_doors.py
exchanges.py       what the doors of inference do with a body
body.py            bodies, with their limit; content_coding.py when they are compressed
error_answers.py   errors as `{"error": "..."}`
openapi.py         what /docs shows
fast_doors.py      inference without the framework; fast_protocol.py the connections that have such doors
listener.py        uvicorn: the port, the protocol, the end
"""
