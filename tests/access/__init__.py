"""Whether everybody can use every page: axe-core, the keyboard, zoom, spacing, motion; and the pictures of the papers.

One school stands still at one moment (`school`), so that what is seen is the same at every run. Everything that is
asked goes through the real dashboard, the real store and the real gate.
"""
