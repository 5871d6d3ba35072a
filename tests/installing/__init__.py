"""The package as strangers get it, and as a service."""
