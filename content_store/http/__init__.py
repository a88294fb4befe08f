"""The store's doors. Beside predictor/http the only room that knows a web framework, Starlette.

app.py             the doors put together
content_doors.py   a kind of content: PUT, GET, HEAD, and the list
uploads.py         a body that becomes content
error_answers.py   errors as `{"error": "..."}`, and their codes
request_count.py   around every request: the count
listener.py        uvicorn
"""
