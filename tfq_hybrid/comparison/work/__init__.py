"""What the jobs of recipes do: train, embed, answer, score."""
