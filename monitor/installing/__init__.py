"""The daemon as a service of systemd: put in place, and taken away."""
