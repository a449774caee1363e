"""What is in `deploy/`: services, scripts and files for other programs."""
