"""Files of tweets, labelled on this machine's cores or on a cluster."""
