"""What lasts: rows and revisions."""
