"""``monitor explain``: which words moved a label."""
