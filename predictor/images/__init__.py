"""Pictures: bytes in, the model's input out, and the picture again with the answer drawn onto it.

    decode.py     PNG or JPEG -> an upright picture of 8 bits, within the limit of pixels
    convert.py    a picture -> a row of the model's input, as the bundle's manifest says
    annotate.py   a picture and an answer -> a PNG that shows both

No transport, no model: who calls this brings both. The only room that knows Pillow.
"""
