"""The table of arXiv 2310.03971 in our terms: models, forms and runtimes side by side."""
