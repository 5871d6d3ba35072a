"""What Prometheus may read of the daemon (docs/metrics.md). Off unless ``[metrics]`` says so.

The process counts in any case, which costs next to nothing (`measurements`). prometheus-client, of
the extra ``[metrics]``, is imported only once somebody wants to read.
"""
