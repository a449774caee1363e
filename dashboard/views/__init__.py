"""Ten-line views, a file a page: read the form, do the action, show the answer."""
