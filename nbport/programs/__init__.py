"""The companions of nanoBragg: noisify, nonBragg, nearBragg and float_add, each a folder with its options,
calculation and command. Docstrings cite lines of the C file of that name.
"""
