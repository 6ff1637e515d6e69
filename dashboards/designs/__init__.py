"""What a page shows of each design of an impact analysis: its chart, its facts, what stands beside, its methods."""
