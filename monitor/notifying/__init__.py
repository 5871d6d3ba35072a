"""`monitor notify`: word of alerts, and summaries, to whom the owner names. Needs [notify]."""
