"""The pure floor: what Zetel decides, as values in and values out.

Standard library only: no Django, no clock, no input or output, no translation. Every other floor may import
this one and it imports none of them, so each rule of the business can be read and tested by itself.
"""
