"""``make brokers``: the ledger against brokers that other people wrote, each as it is packaged."""
