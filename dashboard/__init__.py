"""Administration: what people see and do."""
