"""Feeds: bigger lists of others that a school subscribes to. Never copied into the product, kept in the school's home.

`catalogue` knows feeds that schools use, `subscriptions` which of them this school has, `fetch` gets them, `formats`
reads them, `guards` drops what must not get in, `update` does all of that and `compiled` makes one index of all feeds,
which `opened` maps and swaps in every process.
"""
