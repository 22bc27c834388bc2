"""A venue of our own: a small simulated exchange that speaks a real venue's wire format.

It is what ``zerofeed demo`` listens to, and what tests compare a feed's books with, since a
simulation knows its own truth. The models and the packets are pure and compiled; only
``serve`` opens a socket or reads a clock, and ``process`` runs that in a child.
"""

__all__: list[str] = []
