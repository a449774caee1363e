"""What a person can do, Flask-free: the views and the command line both come here.

Every action takes the desk, who does it and `now`, and returns an `Outcome`; "no" is an outcome, not an exception.
`StoreUnavailable` is the only exception that passes through.
"""
