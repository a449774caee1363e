"""The playground: a pretend school and pretend sites on loopback, to try the whole flow without the internet."""
