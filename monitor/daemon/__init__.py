"""The long-running program: deliveries to batches to labels to COMMIT to acknowledgement."""
