"""How alike two texts are, offline: numbers in, numbers out, and nothing is decided here.

Nobody imports these modules before there is something to compare: numpy and the word vectors
cost half a second and 80 MiB, which a run over a list with headings does not pay.
"""
