"""The second clock: figures as known on a day, what became of them since, and why they changed."""
