"""From the numbers that a paper prints to the means, SDs and correlations that an effect needs."""
