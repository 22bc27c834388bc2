"""How messages travel: packets that number them, streams that count them, files that only say how long they are.

========================  =====================================  ==================================
framing                   a message is                           its number
========================  =====================================  ==================================
:mod:`.mold`              a block of a UDP packet, behind two    in the packet's header, with the
                          bytes of length                        session
:mod:`.soup`              a packet of a TCP stream, of type S    counted from the login's answer
:mod:`.blocks`            a block of a file, behind two bytes    counted from the file's first
                          of length
========================  =====================================  ==================================

All three say lengths in two bytes, big-endian, that do not count themselves; ``_block_kernels`` is what
they share. The kernels say where messages are and which numbers they have; whether a number is the one that was
expected is sequencing's.
"""

__all__: list[str] = []
