"""The laptop: the same template on an embedded AWS, the tour, and the operator's commands.

`__main__.py` and `doctor.py` run on any Python 3 before an environment exists, with the standard library only.
"""
