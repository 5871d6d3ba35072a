"""The daemon on its worst days: real processes, a real broker, a real file system, real faults."""
