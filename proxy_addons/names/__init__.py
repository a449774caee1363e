"""Names for devices without our CA: a name server that asks the same `decide` as the proxy.

A closed name leads to the guard's own address, where a page says why. An open one is passed on, without what would
carry a browser around the guard (encrypted names, HTTP/3, another name server), and only for so long that a permission
which ends is soon over. It sees names and nothing else: no path, no words, no picture. It keeps none of them.
"""
