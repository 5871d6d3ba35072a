"""`monitor label`: the owner says what tweets are; how they are drawn, asked, carried in files."""
