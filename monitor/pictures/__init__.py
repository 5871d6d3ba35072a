"""How the log looks: what a page of it shows, charts as SVG, and the page around them.

The charts are drawn by small functions of our own: a page of them is a few kilobytes, needs no
script, takes its colours from the style sheet and prints. No charting library does all of that.
"""
