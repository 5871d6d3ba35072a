"""The service in a real systemd: a Debian that is booted, twice, in a container."""
