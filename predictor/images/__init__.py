"""Pictures: bytes in, the model's input out, and the picture again with the answer drawn onto it.

    decode.py     PNG or JPEG -> an upright picture of 8 bits, within the limit of pixels
    convert.py    a picture -> a row of the model's input, as the bundle's manifest says
    annotate.py   a picture and an answer -> a PNG that shows both

No transport, no model: who calls this brings both. The only part of the predictor that knows Pillow; the page of the
console shows by the same code what a model sees.
"""
