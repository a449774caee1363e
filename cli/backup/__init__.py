"""A backup: one encrypted file with what a school needs to come back, made while the guard runs.

`envelope` closes and opens the file, `locks` is who can open it, `contents` says what goes in and what never does,
`packing` makes one, `unpacking` reads, proves and puts it back. The keys of the CA are in none: they have a safe of
their own (`docs/decisions/0048-privacy-and-backup.md`).
"""
