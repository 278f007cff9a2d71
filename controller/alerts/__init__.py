"""The alerts at work: a lane that judges, a sender for each channel. Neither waits for the other, nobody for them."""
